import { describe, expect, it } from "vitest";

import {
  facingAfter,
  inverted,
  mirrored,
  NONE,
  shownBy,
  turnedBy,
  type Correction,
} from "../../src/parts/correction";

/** Where the corrected picture has what was at (x, y) of a square around the origin, y up. */
function moved([x, y]: [number, number], own: Correction): [number, number] {
  let at: [number, number] = [own.mirrored ? -x : x, y];
  for (let i = 0; i < own.turned; i++) at = [-at[1], at[0]];
  return at.map((value) => value + 0) as [number, number];
}

const EVERY: Correction[] = [0, 1, 2, 3].flatMap((turned) => [
  { inverted: false, mirrored: false, turned },
  { inverted: false, mirrored: true, turned },
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
    expect(shownBy({ inverted: true, mirrored: true, turned: 1 })).toEqual({
      transform: "rotate(-90deg) scaleX(-1)",
      filter: "invert(1)",
    });
    expect(shownBy(inverted(inverted(NONE)))).toEqual({
      transform: "rotate(0deg) scaleX(1)",
      filter: "none",
    });
  });

  it("moves the patient's front with the picture", () => {
    expect(facingAfter("left", NONE)).toBe("left");
    expect(facingAfter("left", mirrored(NONE))).toBe("right");
    expect(facingAfter("left", { ...NONE, turned: 2 })).toBe("right");
    expect(facingAfter("left", { ...NONE, turned: 1 })).toBeNull();
    expect(facingAfter(null, NONE)).toBeNull();
  });
});
