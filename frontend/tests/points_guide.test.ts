import { describe, expect, it } from "vitest";

import { DISCS } from "../src/msasss";
import { back, begun, clicked, passed, wanted, type Guide } from "../src/points_guide";

const start = begun(DISCS.L);

describe("guided clicks", () => {
  it("place a whole film with two clicks a disc, top down", () => {
    let guide: Guide | null = start;
    const placed: string[] = [];
    for (let click = 0; guide; click++) {
      expect(wanted(guide).point).toBe(click % 2 ? "anterior" : "center");
      const y = 100 * click;
      const answer = clicked(guide, click % 2 ? [40, y] : [100, y]);
      if (answer.placed) placed.push(answer.placed.disc);
      guide = answer.guide;
    }
    expect(placed).toEqual(DISCS.L);
  });

  it("give the two clicks as centre and anterior edge", () => {
    const half = clicked(start, [100, 50]).guide as Guide;
    const { placed } = clicked(half, [60, 55]);
    expect(placed).toEqual({ disc: "T12/L1", center: [100, 50], anterior: [60, 55] });
  });

  it("take a double click for one", () => {
    const half = clicked(start, [100, 50]).guide as Guide;
    expect(clicked(half, [101, 52])).toEqual({ guide: half, placed: null });
  });

  it("go back click by click and not above the first disc", () => {
    const second = passed(start) as Guide;
    const half = clicked(second, [100, 50]).guide as Guide;
    expect(back(half)).toEqual(second);
    expect(back(second)).toEqual(start);
    expect(back(start)).toEqual(start);
  });

  it("end after the last disc, passed or placed", () => {
    const last = { ...start, at: 5 };
    expect(passed(last)).toBeNull();
  });
});
