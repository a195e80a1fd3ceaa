import { describe, expect, it } from "vitest";

import { acknowledged, kept, keeping, newest, type Windows } from "../src/windows_kept";

const window = (center: number) => ({ center, width: 100 });

describe("the windows of a reader", () => {
  it("hold the last one of each film, newest first", () => {
    let windows: Windows = [];
    for (const [film, center] of [
      ["a", 1],
      ["b", 2],
      ["a", 3],
    ] as const) {
      windows = keeping(windows, film, window(center), null);
    }
    expect(windows).toEqual([
      ["a", window(3), null],
      ["b", window(2), null],
    ]);
  });

  it("do not grow without end", () => {
    let windows: Windows = [];
    for (let film = 0; film < 400; film++)
      windows = keeping(windows, `${film}`, window(film), null);
    expect(windows).toHaveLength(300);
    expect(windows[0]?.[0]).toBe("399");
  });

  it.each([null, {}, ["a"], [["a", { center: "x" }]], [["a", null]]])(
    "take nothing from %j",
    (rest) => expect(kept(rest)).toEqual([]),
  );
});

const [HERE, THERE] = [window(1), window(2)];
const at = (minute: number) => `2026-11-24T18:${minute}:00.000001Z`;

describe("of two machines", () => {
  const shown = (windows: Windows, graded: string | null) => newest(windows, "a", THERE, graded);

  it("the window of the grade holds where nothing is kept here", () => {
    expect(shown([], null)).toBe(THERE);
    expect(shown(keeping([], "b", HERE, null), at(10))).toBe(THERE);
  });

  it("the window kept here holds while no other machine has graded", () => {
    expect(shown(keeping([], "a", HERE, null), null)).toBe(HERE);
    expect(shown(keeping([], "a", HERE, at(10)), at(10))).toBe(HERE);
  });

  it("a grade that this page did not know of brings its window", () => {
    expect(shown(keeping([], "a", HERE, null), at(10))).toBe(THERE);
    expect(shown(keeping([], "a", HERE, at(10)), at(11))).toBe(THERE);
  });

  it("a grade of this page is no other machine's, and the window may move after it", () => {
    const graded = acknowledged(keeping([], "a", window(0), at(10)), "a", at(12));
    expect(shown(graded, at(12))).toEqual(window(0));
    expect(shown(keeping(graded, "a", HERE, at(12)), at(12))).toBe(HERE);
    expect(shown(graded, at(13))).toBe(THERE);
  });

  it("what an older page has kept gives way to a grade", () => {
    const older = kept([["a", HERE]]);
    expect(shown(older, null)).toEqual(HERE);
    expect(shown(older, at(10))).toBe(THERE);
  });
});
