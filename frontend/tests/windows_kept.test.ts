import { describe, expect, it } from "vitest";

import { kept, keeping, type Windows } from "../src/windows_kept";

const window = (center: number) => ({ center, width: 100 });

describe("the windows of a reader", () => {
  it("hold the last one of each film, newest first", () => {
    let windows: Windows = [];
    for (const [film, center] of [
      ["a", 1],
      ["b", 2],
      ["a", 3],
    ] as const) {
      windows = keeping(windows, film, window(center));
    }
    expect(windows).toEqual([
      ["a", window(3)],
      ["b", window(2)],
    ]);
  });

  it("do not grow without end", () => {
    let windows: Windows = [];
    for (let film = 0; film < 400; film++) windows = keeping(windows, `${film}`, window(film));
    expect(windows).toHaveLength(300);
    expect(windows[0]?.[0]).toBe("399");
  });

  it.each([null, {}, ["a"], [["a", { center: "x" }]], [["a", null]]])(
    "take nothing from %j",
    (rest) => expect(kept(rest)).toEqual([]),
  );
});
