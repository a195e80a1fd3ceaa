import { describe, expect, it } from "vitest";

import { alongside } from "../../src/viewer/paired_view";
import { toScreen, type View } from "../../src/viewer/view";
import { alike } from "../../src/viewer/windowing";

const PANE = { width: 400, height: 600 };
const view: View = { center: [310, 420], scale: 1.7, angle: 0.3, mirrored: true };
const from = { at: [300, 400] as const, pixel: 0.2 };
const to = { at: [512, 90] as const, pixel: 0.1 };

describe("the view of the other film", () => {
  it("shows the level at the same place of the screen", () => {
    const here = toScreen(view, PANE, from.at);
    const there = toScreen(alongside(view, from, to), PANE, to.at);
    expect(there[0]).toBeCloseTo(here[0], 9);
    expect(there[1]).toBeCloseTo(here[1], 9);
  });

  it("shows a millimetre as long", () => {
    const follower = alongside(view, from, to);
    expect(follower.scale / to.pixel).toBeCloseTo(view.scale / from.pixel, 9);
  });

  it("comes back when the other film leads", () => {
    const again = alongside(alongside(view, from, to), to, from);
    expect(again.center[0]).toBeCloseTo(view.center[0], 9);
    expect(again.center[1]).toBeCloseTo(view.center[1], 9);
    expect(again.scale).toBeCloseTo(view.scale, 9);
  });
});

describe("the window of the other film", () => {
  it("changes by as much, in shares of its own width", () => {
    const moved = alike(
      { center: 1000, width: 400 },
      { center: 30000, width: 20000 },
      { center: 32000, width: 10000 },
    );
    expect(moved).toEqual({ center: 1040, width: 200 });
  });

  it("stays where nothing changes", () => {
    const window = { center: 30000, width: 20000 };
    expect(alike({ center: 1000, width: 400 }, window, window)).toEqual({
      center: 1000,
      width: 400,
    });
  });
});
