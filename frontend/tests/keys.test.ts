import { describe, expect, it } from "vitest";

import { actionOf, KEYS, REASON_KEYS, reasonOf } from "../src/keys";

const press = (key: string, more: Partial<KeyboardEvent> = {}) => ({
  key,
  code: "",
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...more,
});

describe("keys", () => {
  it("mean one thing each", () => {
    const all = Object.values(KEYS).flat();
    expect(new Set(all).size).toBe(all.length);
    expect(new Set(Object.values(REASON_KEYS)).size).toBe(8);
  });

  it.each([
    ["0", {}, "grade0"],
    ["N", {}, "notAssessable"],
    ["End", { code: "Numpad1" }, "grade1"],
    ["z", { ctrlKey: true }, "undo"],
    ["Z", { metaKey: true, shiftKey: true }, "redo"],
    ["z", {}, "actualSize"],
    ["?", { shiftKey: true }, "help"],
    ["0", { altKey: true }, null],
    ["r", { ctrlKey: true }, null],
  ] as const)("%s %o is %s", (key, more, action) => {
    expect(actionOf(press(key, more))).toBe(action);
  });

  it("choose a reason by letter or by number", () => {
    expect(reasonOf(press("r"))).toBe("rotated");
    expect(reasonOf(press("1"))).toBe("obscured");
    expect(reasonOf(press("9"))).toBeNull();
  });
});
