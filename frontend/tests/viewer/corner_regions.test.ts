import { describe, expect, it } from "vitest";

import * as r from "../../src/viewer/corner_regions";
import { toScreen, type Point } from "../../src/viewer/view";

const pane = { width: 500, height: 500 };

/** Six cervical discs 100 px apart, anterior to the left, the spine leaning by `lean` radians. */
function spine(lean = 0, mirrored = false): r.DiscPoints[] {
  const names = ["C2/C3", "C3/C4", "C4/C5", "C5/C6", "C6/C7", "C7/T1"];
  const turn = ([x, y]: Point): Point => {
    const side = mirrored ? -x : x;
    return [
      800 + side * Math.cos(lean) - y * Math.sin(lean),
      700 + side * Math.sin(lean) + y * Math.cos(lean),
    ];
  };
  return names.map((disc, i) => ({
    disc,
    center: turn([0, 100 * i]),
    anterior: turn([-45, 100 * i]),
  }));
}

describe.each([
  ["facing left", 0, false],
  ["facing right", 0, true],
  ["leaning", 0.5, false],
  ["leaning and facing right", -0.4, true],
  ["upside down", Math.PI, false],
  ["on its side and facing right", Math.PI / 2, true],
])("the level crop of a film %s", (_name, lean, mirrored) => {
  const discs = spine(lean, mirrored);
  const disc = discs[2] as r.DiscPoints;
  const view = r.levelView(disc, discs, pane);

  it("lies level with the anterior side left and the cranial side up", () => {
    const [cx, cy] = toScreen(view, pane, disc.center);
    const [ax, ay] = toScreen(view, pane, disc.anterior);
    const [, above] = toScreen(view, pane, (discs[1] as r.DiscPoints).center);
    expect(ay).toBeCloseTo(cy, 6);
    expect(ax).toBeLessThan(cx);
    expect(above).toBeLessThan(cy);
  });

  it("shows the cranial corner above the caudal one", () => {
    const [, up] = toScreen(view, pane, r.cornerPoint(disc, "cranial", discs).at);
    const [, down] = toScreen(view, pane, r.cornerPoint(disc, "caudal", discs).at);
    expect(up).toBeLessThan(250);
    expect(down).toBeGreaterThan(250);
  });

  it("covers its extent in units of S", () => {
    expect(view.scale).toBeCloseTo(500 / (r.EXTENT * 100), 6);
  });
});

describe("disc spacing and guesses", () => {
  it("takes the median, so that one bad point moves it little", () => {
    const discs = spine();
    discs[5] = { ...(discs[5] as r.DiscPoints), center: [800, 2000] };
    expect(r.discSpacing(discs)).toBeCloseTo(100, 6);
  });

  it("does not take two discs with a gap between them for neighbours", () => {
    const [first, , third, fourth] = spine() as [
      r.DiscPoints,
      r.DiscPoints,
      r.DiscPoints,
      r.DiscPoints,
    ];
    expect(r.discSpacing([fourth, first, third])).toBeCloseTo(100, 6);
  });

  it("falls back to the depth of a lone disc, and to nothing without one", () => {
    expect(r.discSpacing(spine().slice(0, 1))).toBeCloseTo(100, 6);
    expect(r.discSpacing([])).toBeNull();
  });

  it("guesses a missing level by going on from its neighbours", () => {
    const discs = spine();
    const guess = r.guessed("C7/T1", discs.slice(0, 5), { width: 2000, height: 2500 });
    expect(guess.center[1]).toBeCloseTo((discs[5] as r.DiscPoints).center[1], 6);
    expect(guess.anterior[0]).toBeCloseTo((discs[5] as r.DiscPoints).anterior[0], 6);
  });

  it("guesses on the film when no level has points", () => {
    const { center } = r.guessed("L5/S1", [], { width: 2000, height: 2500 });
    expect(center[0]).toBe(1000);
    expect(center[1]).toBeLessThan(2500);
  });
});
