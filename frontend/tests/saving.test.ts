/** What waits in the browser goes out from any page, and the page hears of it. */

import { IDBFactory } from "fake-indexeddb";
import { beforeEach, expect, it, vi } from "vitest";

vi.mock("../src/preferences.svelte", () => ({ follow: async () => {} }));

/** Whether the line is there. */
let line: boolean;
let sent: string[];
let comesBack: () => void;

beforeEach(() => {
  vi.resetModules();
  [line, sent] = [false, []];
  vi.stubGlobal("navigator", {});
  vi.stubGlobal(
    "BroadcastChannel",
    class {
      postMessage() {}
    },
  );
  vi.stubGlobal("indexedDB", new IDBFactory());
  vi.stubGlobal("window", {
    addEventListener: (name: string, heard: () => void) => {
      if (name === "online") comesBack = heard;
    },
  });
  vi.stubGlobal("fetch", async (path: string) => {
    if (!line) throw new TypeError("no line");
    sent.push(path);
    const refused = path.includes("/9/");
    const body = refused ? { error: { name: "incomplete", sentence: "No.", detail: {} } } : {};
    return new Response(JSON.stringify(body), { status: refused ? 409 : 200 });
  });
});

async function waiting(...entries: [reading: number, kind: "grade" | "commit"][]) {
  const page = await import("../src/saving.svelte");
  const box = await page.outboxOf("ada");
  for (const [reading, kind] of entries) await box.add(reading, kind, {}, page.newKey());
  await vi.waitFor(() => expect(page.saving.status.state).toBe("offline"));
  return { box, ...page };
}

it.each([
  ["that arrives", 1],
  ["that is refused", 9],
])("tells a page that shows what is committed of a commit %s", async (_, reading) => {
  const { box, listenForCommits } = await waiting([reading, "grade"], [reading, "commit"]);
  const seen: string[][] = [];
  listenForCommits(() => seen.push([...sent]));
  line = true;
  comesBack();
  await box.idle();
  const api = `/api/v1/readings/${reading}`;
  expect(seen).toEqual([[`${api}/grades`, `${api}/commit`]]);
});

it("leaves the ear to the page that came after", async () => {
  const { box, listenForCommits } = await waiting([1, "commit"]);
  let heard = 0;
  const unlisten = listenForCommits(() => expect.unreachable());
  listenForCommits(() => heard++);
  unlisten();
  line = true;
  comesBack();
  await box.idle();
  expect(heard).toBe(1);
});
