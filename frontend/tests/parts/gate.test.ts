import { describe, expect, it } from "vitest";

import type { ComparedFigure } from "../../src/contract";
import { betterThan } from "../../src/parts/gate";
import { path } from "../../src/parts/reliability";

const figure = (ci95: ComparedFigure["ci95"], better: ComparedFigure["better"] = "higher") => ({
  name: "kappa_quadratic",
  better,
  candidate: 0.9,
  candidate_ci95: null,
  serving: 0.8,
  difference: 0.1,
  ci95,
});

describe("a figure of the gate", () => {
  it("is better or worse only where the interval leaves 0 out", () => {
    expect(betterThan(figure([0.01, 0.2]))).toBe("better");
    expect(betterThan(figure([-0.2, -0.01]))).toBe("worse");
    expect(betterThan(figure([-0.01, 0.2]))).toBeNull();
    expect(betterThan(figure(null))).toBeNull();
  });

  it("is better when an error has become smaller", () => {
    expect(betterThan(figure([-0.2, -0.1], "lower"))).toBe("better");
    expect(betterThan(figure([0.1, 0.2], "lower"))).toBe("worse");
  });
});

describe("a reliability diagram", () => {
  it("runs through the bins with the found share upwards and leaves small bins out", () => {
    const bins = [
      { corners: 50, said: 0.1, found: 0.2 },
      { corners: 4, said: 0.5, found: 1 },
      { corners: 9, said: 0.9, found: 0.75 },
    ];
    expect(path(bins)).toBe("M10.0 80.0 L90.0 25.0");
    expect(path([])).toBe("");
  });
});
