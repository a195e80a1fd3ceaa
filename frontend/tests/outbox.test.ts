import { beforeEach, describe, expect, it } from "vitest";

import { Outbox, type Entry, type OutboxParts, type OutboxStatus, type Store } from "../src/outbox";
import { memoryStore } from "../src/outbox_store";

const offline = { passing: true, status: 0, name: "offline", sentence: "No answer." };
const refusal = { passing: false, status: 409, name: "lease_lost", sentence: "Open it again." };
const expired = { passing: false, status: 401, name: "signed_out", sentence: "Sign in." };

let store: Store;
let sent: string[];
let answers: [string, unknown, number][];
let refused: string[];
let states: OutboxStatus["state"][];
let server: (entry: Entry) => unknown;

function outbox(parts: Partial<OutboxParts> = {}): Outbox {
  return new Outbox({
    user: "kim",
    store,
    send: async (entry) => {
      const answer = server(entry);
      sent.push(entry.key);
      return answer;
    },
    pause: () => Promise.resolve(),
    alone: (work) => work(),
    onstatus: ({ state }) => states.push(state),
    onanswer: (entry, answer, waiting) => answers.push([entry.key, answer, waiting]),
    onrefused: (entry) => refused.push(entry.key),
    onnews: () => {},
    ...parts,
  });
}

/** Fails a number of times before it answers. */
function failing(times: number, failure: object) {
  let left = times;
  return () => {
    if (left-- > 0) throw failure;
    return "ok";
  };
}

beforeEach(() => {
  store = memoryStore();
  [sent, answers, refused, states] = [[], [], [], []];
  server = () => "ok";
});

describe("the outbox", () => {
  it("sends in order and says saved at the end", async () => {
    const box = outbox();
    await Promise.all(["a", "b", "c"].map((key) => box.add(7, "grade", {}, key)));
    await box.idle();
    expect(sent).toEqual(["a", "b", "c"]);
    expect(box.status).toEqual({ state: "saved", waiting: 0, refused: [], kept: true });
    expect(await store.all()).toEqual([]);
  });

  it("keeps an entry in the store before it sends it", async () => {
    let keptFirst = false;
    const box = outbox({
      send: async (entry) => {
        keptFirst = (await store.all()).some((kept) => kept.key === entry.key);
      },
    });
    await box.add(7, "grade", { grade: 1 }, "a");
    await box.idle();
    expect(keptFirst).toBe(true);
  });

  it("waits while the line is cut, then sends everything in order", async () => {
    server = failing(3, offline);
    const box = outbox();
    await box.add(7, "grade", {}, "a");
    await box.add(7, "grade", {}, "b");
    await box.idle();
    expect(states).toContain("offline");
    expect(sent).toEqual(["a", "b"]);
    expect(box.status.state).toBe("saved");
  });

  it("tries again more and more slowly", async () => {
    const pauses: number[] = [];
    server = failing(8, offline);
    const box = outbox({ pause: async (ms) => void pauses.push(ms) });
    await box.add(7, "grade", {}, "a");
    await box.idle();
    expect(pauses.slice(0, 3)).toEqual([500, 1000, 2000]);
    expect(Math.max(...pauses)).toBe(15000);
  });

  it("holds everything while the reader is signed out", async () => {
    server = failing(1, expired);
    const box = outbox();
    await box.add(7, "grade", {}, "a");
    await box.idle();
    expect(states).toContain("signed_out");
    expect(sent).toEqual(["a"]);
  });

  it("keeps a refused grade with the reason and goes on with the rest", async () => {
    server = (entry) => {
      if (entry.key === "a") throw refusal;
      return "ok";
    };
    const box = outbox();
    await box.add(7, "grade", { grade: 2 }, "a");
    await box.add(8, "grade", {}, "b");
    await box.idle();
    expect(sent).toEqual(["b"]);
    expect(refused).toEqual(["a"]);
    expect(box.status.refused[0]).toMatchObject({ key: "a", refused: "Open it again." });
    expect(await store.all()).toHaveLength(1);
    await box.dismiss("a");
    expect(await store.all()).toEqual([]);
  });

  it("sends what was refused once more, in its order and under its keys, for these films", async () => {
    server = () => {
      throw refusal;
    };
    const box = outbox();
    for (const [reading, key] of [
      [7, "a"],
      [8, "b"],
      [7, "c"],
    ] as const)
      await box.add(reading, "grade", {}, key);
    await box.idle();
    expect(box.status.refused).toHaveLength(3);
    server = () => "ok";
    await box.sendAgain([7]);
    await box.idle();
    expect(sent).toEqual(["a", "c"]);
    expect(box.status.refused.map(({ key }) => key)).toEqual(["b"]);
    expect((await store.all()).map(({ key }) => key)).toEqual(["b"]);
  });

  it("refuses what was decided on the film after one whose commit is refused, unsent", async () => {
    server = (entry) => {
      if (entry.key === "commit") throw refusal;
      return "ok";
    };
    const box = outbox();
    await Promise.all([
      box.add(7, "commit", { shown: 8 }, "commit"),
      box.add(8, "grade", {}, "a"),
      box.add(8, "commit", { shown: 9 }, "next"),
      box.add(9, "grade", {}, "b"),
      box.add(5, "grade", {}, "other"),
    ]);
    await box.idle();
    expect(sent).toEqual(["other"]);
    expect(box.status.refused.map(({ key, refused }) => [key, refused])).toEqual([
      ["a", "Open it again."],
      ["b", "Open it again."],
    ]);
    expect((await store.all()).map(({ key }) => key)).toEqual(["a", "b"]);
  });

  it("does not keep a refused undo: it holds no grade", async () => {
    server = failing(1, refusal);
    const box = outbox();
    await box.add(7, "undo", {}, "u");
    await box.idle();
    expect(refused).toEqual(["u"]);
    expect(await store.all()).toEqual([]);
  });

  it("sends what an earlier page left behind", async () => {
    await store.put({ key: "old", user: "kim", reading: 7, kind: "grade", body: {}, order: 1 });
    const box = outbox();
    await box.open();
    await box.idle();
    expect(sent).toEqual(["old"]);
  });

  it("leaves another reader's entries alone", async () => {
    await store.put({ key: "hers", user: "lee", reading: 7, kind: "grade", body: {}, order: 1 });
    const box = outbox();
    await box.open();
    await box.idle();
    expect(sent).toEqual([]);
    expect(await store.all()).toHaveLength(1);
  });

  it("tells with each answer how many of the same film still wait", async () => {
    const box = outbox();
    await Promise.all([box.add(7, "grade", {}, "a"), box.add(7, "grade", {}, "b")]);
    await box.idle();
    expect(answers.map(([key, , waiting]) => [key, waiting])).toEqual([
      ["a", 1],
      ["b", 0],
    ]);
  });

  it("sends even when the browser refuses to store", async () => {
    const full = { ...memoryStore(), put: () => Promise.reject(new Error("quota")) };
    const box = outbox({ store: full });
    await box.add(7, "grade", {}, "a");
    await box.idle();
    expect(sent).toEqual(["a"]);
  });

  it("goes on from memory when the store stops answering, and says so", async () => {
    const closing = () => Promise.reject(new DOMException("closing", "InvalidStateError"));
    let asked = 0;
    const broken = { all: () => (asked++, closing()), put: closing, remove: closing };
    const kept: boolean[] = [];
    const box = outbox({
      store: { all: () => store.all(), put: (e) => store.put(e), remove: (k) => store.remove(k) },
      onstatus: (status) => kept.push(status.kept),
    });
    await box.add(7, "grade", {}, "a");
    await box.idle();
    expect(kept).not.toContain(false);
    store = broken;
    server = failing(1, offline);
    await box.add(7, "grade", {}, "b");
    await box.add(7, "grade", {}, "c");
    await box.idle();
    expect(sent).toEqual(["a", "b", "c"]);
    expect(box.status).toEqual({ state: "saved", waiting: 0, refused: [], kept: false });
    expect(kept).toContain(false);
    expect(asked).toBeLessThan(8);
  });

  it("sends once what the store does not let go", async () => {
    const box = outbox({ store: { ...store, remove: () => Promise.reject(new Error("full")) } });
    await box.add(7, "grade", {}, "a");
    await box.add(7, "grade", {}, "b");
    await box.idle();
    expect(sent).toEqual(["a", "b"]);
    expect(box.status.waiting).toBe(0);
  });

  it("waits longer and longer when the tabs' lock fails", async () => {
    let left = 2;
    const pauses: number[] = [];
    const box = outbox({
      alone: (work) => (left-- > 0 ? Promise.reject(new Error("no lock")) : work()),
      pause: async (ms) => void pauses.push(ms),
    });
    await box.add(7, "grade", {}, "a");
    await box.idle();
    expect([sent, pauses]).toEqual([["a"], [500, 1000]]);
  });

  it("shared by two tabs sends every entry once", async () => {
    let chain: Promise<unknown> = Promise.resolve();
    const alone = <T>(work: () => Promise<T>): Promise<T> => {
      const mine = chain.then(work);
      chain = mine.catch(() => {});
      return mine;
    };
    const [one, two] = [outbox({ alone }), outbox({ alone })];
    await Promise.all([one.add(7, "grade", {}, "a"), two.add(8, "grade", {}, "b")]);
    await one.idle();
    await two.idle();
    expect(sent.sort()).toEqual(["a", "b"]);
  });
});
