import "fake-indexeddb/auto";

import { describe, expect, it } from "vitest";

import { openStore } from "../src/outbox_store";

describe("the shelf in IndexedDB", () => {
  it("gives entries back in order after the page was closed", async () => {
    const entry = { user: "kim", reading: 1, kind: "grade" as const, body: { grade: 3 } };
    const shelf = await openStore(indexedDB);
    await shelf.put({ ...entry, key: "z", order: 1 });
    await shelf.put({ ...entry, key: "a", order: 2 });
    const reopened = await openStore(indexedDB);
    expect((await reopened.all()).map(({ key }) => key)).toEqual(["z", "a"]);
    await reopened.remove("z");
    expect(await shelf.all()).toMatchObject([{ key: "a", body: { grade: 3 } }]);
  });

  it("falls back to memory in a browser without one", async () => {
    const shelf = await openStore(undefined);
    await shelf.put({ key: "a", user: "", reading: 1, kind: "undo", body: {}, order: 1 });
    expect(await shelf.all()).toHaveLength(1);
  });
});
