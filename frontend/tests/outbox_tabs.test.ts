/** Two tabs of one browser: each hears what became of its own decisions. */

import { expect, it } from "vitest";

import { Outbox, type Entry, type OutboxStatus } from "../src/outbox";
import { memoryStore } from "../src/outbox_store";

const refusal = { passing: false, status: 409, name: "lease_lost", sentence: "Open it again." };

it("tells the tab that decided what came of an entry that another tab sent", async () => {
  const store = memoryStore();
  const told: string[] = [];
  const tabs: Outbox[] = [];
  const send = async ({ key }: Entry) => {
    if (key === "b") throw refusal;
  };
  const tab = (name: string) =>
    new Outbox({
      user: "kim",
      store,
      send,
      pause: async () => {},
      alone: (work) => work(),
      onstatus: () => {},
      onanswer: (entry, _answer, waiting) => told.push(`${name} ${entry.key} ${waiting}`),
      onrefused: (entry, { sentence }) => told.push(`${name} ${entry.key} ${sentence}`),
      onnews: (news) => {
        for (const [at, other] of tabs.entries()) if (`${at}` !== name) void other.heard(news);
      },
    });
  tabs.push(tab("0"), tab("1"));
  const [here, there] = tabs as [Outbox, Outbox];
  here.close(); // it only waits
  await here.add(7, "grade", {}, "a");
  await here.add(7, "commit", {}, "b");
  await there.open();
  await there.idle();
  await new Promise((resolve) => setTimeout(resolve));
  expect(told.filter((line) => line.startsWith("0"))).toEqual(["0 a 1", "0 b Open it again."]);
  expect(here.status).toMatchObject({ waiting: 0 });
});

it("does not say saved of a grade that comes while the lock is let go of", async () => {
  const sent: string[] = [];
  const said: OutboxStatus[] = [];
  let comes = true;
  const box: Outbox = new Outbox({
    user: "kim",
    store: memoryStore(),
    send: async ({ key }) => void sent.push(key),
    pause: async () => {},
    alone: async (work) => {
      const done = await work();
      if ((done as unknown) === "empty" && comes) {
        comes = false;
        void box.add(7, "grade", {}, "b");
      }
      return done;
    },
    onstatus: (status) => said.push(status),
    onanswer: () => {},
    onrefused: () => {},
    onnews: () => {},
  });
  await box.add(7, "grade", {}, "a");
  await box.idle();
  expect(sent).toEqual(["a", "b"]);
  expect(said.filter(({ state, waiting }) => state === "saved" && waiting > 0)).toEqual([]);
  expect(box.status).toMatchObject({ state: "saved", waiting: 0 });
});
