import { describe, expect, it } from "vitest";

import {
  actionOf,
  conflict,
  keymapFrom,
  KEYS,
  ownPart,
  REASON_KEYS,
  reasonOf,
  remapped,
  shownKey,
} from "../src/keys";

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
    ["ㅜ", { code: "KeyN" }, "notAssessable"],
    ["ㅃ", { code: "KeyQ", shiftKey: true }, "squaring"],
    ["ㅋ", { code: "KeyZ", ctrlKey: true }, "undo"],
    ["Process", { code: "KeyE" }, "erosion"],
    ["Process", { code: "Digit2" }, "grade2"],
    ["z", { ctrlKey: true }, "undo"],
    ["Z", { metaKey: true, shiftKey: true }, "redo"],
    ["z", {}, "actualSize"],
    ["?", { shiftKey: true }, "help"],
    ["0", { altKey: true }, null],
    ["r", { ctrlKey: true }, null],
  ] as const)("%s %o is %s", (key, more, action) => {
    expect(actionOf(press(key, more))).toBe(action);
  });

  it.each([
    ["k", null],
    ["i", null], // its own key again
    ["n", "notAssessable"],
    ["Ctrl+z", "undo"],
    ["Escape", "reserved"],
    ["Tab", "reserved"],
  ] as const)("%s for invert is in the way of %s", (key, other) => {
    expect(conflict(KEYS, "invert", key)).toBe(other);
  });

  it("of a reader's own replace the usual ones", () => {
    const own = remapped(KEYS, "next", "j");
    expect(actionOf(press("j"), own)).toBe("next");
    expect(actionOf(press("ArrowDown"), own)).toBeNull();
    expect(actionOf(press("0"), own)).toBe("grade0");
  });

  it("are stored as what differs and come back the same", () => {
    const own = remapped(KEYS, "next", "j");
    expect(ownPart(own)).toEqual({ next: ["j"] });
    expect(keymapFrom(JSON.parse(JSON.stringify(ownPart(own))))).toEqual(own);
    expect(keymapFrom(ownPart(KEYS))).toBe(KEYS);
  });

  it.each([[null], ["x"], [{ next: "j" }], [{ next: [] }], [{ jump: ["j"] }], [{ next: ["n"] }]])(
    "that make no sense in the store (%j) leave the usual ones",
    (stored) => {
      expect(keymapFrom(stored)).toBe(KEYS);
    },
  );

  it("are shown as they stand on the keyboard", () => {
    const shown = ["ArrowUp", "Ctrl+Shift+z", "n", "+"].map(shownKey);
    expect(shown).toEqual(["Up", "Ctrl+Shift+Z", "N", "+"]);
  });

  it("choose a reason by letter or by number", () => {
    expect(reasonOf(press("r"))).toBe("rotated");
    expect(reasonOf(press("1"))).toBe("obscured");
    expect(reasonOf(press("9"))).toBeNull();
  });
});
