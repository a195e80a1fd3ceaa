import { describe, expect, it } from "vitest";

import {
  confusionCells,
  cornersCompared,
  exactAgreement,
  farApart,
} from "../../src/parts/confusion";

// Koo et al. 2022, Table 1: rows actual, columns predicted; 7760 of 9326 right (0.832082).
const KOO = [
  [2250, 295, 54, 19],
  [502, 2169, 75, 46],
  [96, 147, 700, 153],
  [25, 58, 96, 2641],
] as const;

describe("a table of corner grades", () => {
  it("counts every corner once", () => expect(cornersCompared(KOO)).toBe(9326));
  it("finds the share of corners graded alike", () =>
    expect(exactAgreement(KOO)).toBeCloseTo(0.832082, 6));
  it("gives row shares that sum to 1", () => {
    for (const row of confusionCells(KOO)) {
      expect(row.reduce((all, cell) => all + cell.share, 0)).toBeCloseTo(1, 12);
    }
  });
  it("shades the whole row darkest and a single corner lightest but visibly", () => {
    const [row] = confusionCells([[999, 1, 0, 0]]);
    expect(row?.map((cell) => cell.shade)).toEqual([8, 1, 0, 0]);
  });
  it("leaves a row without corners unshaded instead of dividing by nothing", () => {
    const [row] = confusionCells([[0, 0, 0, 0]]);
    expect(row?.every((cell) => cell.share === 0 && cell.shade === 0)).toBe(true);
  });
  it("marks the diagonal as agreement", () =>
    expect(confusionCells(KOO).map((row) => row.findIndex((cell) => cell.agrees))).toEqual([
      0, 1, 2, 3,
    ]));
  it("has no agreement to report where no corner was compared", () => {
    const empty = [0, 1, 2, 3].map(() => [0, 0, 0, 0]);
    expect(exactAgreement(empty)).toBeNull();
    expect(farApart(empty)).toBeNull();
  });
  it("counts grades two or more apart", () =>
    expect(
      farApart([
        [5, 1, 2, 0],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
        [1, 0, 0, 0],
      ]),
    ).toBeCloseTo(4 / 10));
});
