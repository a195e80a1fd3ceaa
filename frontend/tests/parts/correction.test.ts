import { describe, expect, it } from "vitest";

import {
  changes,
  facingAfter,
  inverted,
  mirrored,
  NONE,
  standOf,
  turnedBy,
  type Correction,
} from "../../src/parts/correction";
import { toScreen } from "../../src/viewer/view";

/** Where the corrected picture has what was at (x, y) of a square around the origin, y up. */
function moved([x, y]: [number, number], own: Correction): [number, number] {
  let at: [number, number] = [own.mirrored ? -x : x, y];
  for (let i = 0; i < own.turned; i++) at = [-at[1], at[0]];
  return at.map((value) => value + 0) as [number, number];
}

const EVERY: Correction[] = [0, 1, 2, 3].flatMap((turned) => [
  { ...NONE, turned },
  { ...NONE, mirrored: true, turned },
]);

describe("a correction", () => {
  it("mirrors what is seen, however it was turned before", () => {
    for (const own of EVERY) {
      const [x, y] = moved([1, 2], own);
      expect(moved([1, 2], mirrored(own))).toEqual([-x + 0, y]);
    }
  });

  it("turns what is seen by a quarter, and back", () => {
    for (const own of EVERY) {
      const [x, y] = moved([1, 2], own);
      expect(moved([1, 2], turnedBy(own, 1))).toEqual([-y + 0, x]);
      expect(turnedBy(turnedBy(own, 1), -1)).toEqual(own);
    }
  });

  it("is shown in the order of the server: mirrored first, then turned anticlockwise", () => {
    const pane = { width: 100, height: 100 };
    for (const own of EVERY) {
      const view = { center: [0, 0] as const, scale: 1, ...standOf(own) };
      const [x, y] = toScreen(view, pane, [1, -2]); // the screen's y goes down
      const [u, v] = moved([1, 2], own);
      expect([x - 50, 50 - y]).toEqual([expect.closeTo(u), expect.closeTo(v)]);
    }
  });

  it("changes something by any of its parts, and nothing by none", () => {
    expect(changes(NONE)).toBe(false);
    expect(changes(inverted(NONE))).toBe(true);
    expect(changes(inverted(inverted(NONE)))).toBe(false);
    expect(changes({ ...NONE, blacked: [{ left: 0, top: 0, width: 1, height: 1 }] })).toBe(true);
    for (const own of EVERY) expect(changes(own)).toBe(own.mirrored || own.turned !== 0);
  });

  it("moves the patient's front with the picture", () => {
    expect(facingAfter("left", NONE)).toBe("left");
    expect(facingAfter("left", mirrored(NONE))).toBe("right");
    expect(facingAfter("left", { ...NONE, turned: 2 })).toBe("right");
    expect(facingAfter("left", { ...NONE, turned: 1 })).toBeNull();
    expect(facingAfter(null, NONE)).toBeNull();
  });
});
