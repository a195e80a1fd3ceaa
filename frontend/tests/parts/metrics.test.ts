import { describe, expect, it } from "vitest";

import { compared, confusionOf, figures, pointsTruth } from "../../src/parts/metrics";

describe("the figures of a model version", () => {
  it("keeps the two accuracies apart by name", () => {
    const labels = figures({ accuracy: 0.832, mean: { accuracy_ovr: 0.916 } }).map((f) => f.label);
    expect(labels).toEqual(["Accuracy, exact grade (multiclass)", "Accuracy, mean of one-vs-rest"]);
  });
  it("prints known figures first and unknown ones under their own key", () => {
    const labels = figures({ calibration_error: 0.1, kappa_quadratic: 0.9 }).map((f) => f.label);
    expect(labels).toEqual(["Quadratic kappa", "calibration error"]);
  });
  it("names every figure of the key points, with its unit", () => {
    const points = {
      discs: 896,
      films: 150,
      mean_error_in_disc_spacings: 0.08,
      mean_error_mm: 2.8,
      median_error_mm: 0.16,
      off_by_a_level: 0.02,
      within_2_mm: 0.97,
      within_2_mm_by_readers: 0.5,
      discs_by_model: 890,
    };
    expect(figures(points).map(({ label }) => label)).toEqual([
      "Discs within 2 mm",
      "Discs within 2 mm, of those that readers placed",
      "Discs off by a level",
      "Median point error, mm",
      "Mean point error, in disc spacings",
      "Mean point error, mm",
      "Discs compared",
      "Discs whose points are a model's own",
      "Films",
    ]);
  });
  it("leaves out lists and what is no number", () =>
    expect(figures({ confusion: [[1]], limits: [0, 1], note: "x", bad: Number.NaN })).toEqual([]));
  it("tells two figures of one name apart by their keys", () => {
    const labels = figures({ bias: 0.2, cervical: { bias: 0.1 } }).map((f) => f.label);
    expect(new Set(labels).size).toBe(2);
  });
});

describe("whose points a key point network was judged by", () => {
  it("is told where some are a model's own", () => {
    const metrics = { discs: 240, discs_by_model: 236, within_2_mm_by_readers: 0.75 };
    expect(pointsTruth(metrics)).toEqual({ discs: 240, byReaders: 4, withinByReaders: 0.75 });
  });
  it("says nothing of discs that readers placed where they placed none", () =>
    expect(
      pointsTruth({ discs: 6, discs_by_model: 6, within_2_mm_by_readers: null })?.withinByReaders,
    ).toBeNull());
  it.each([{ discs: 240, discs_by_model: 0 }, { corners: 5 }, { discs: 0 }])(
    "is no question of %o",
    (metrics) => expect(pointsTruth(metrics)).toBeNull(),
  );
});

describe("a candidate beside the serving version", () => {
  const verdictOf = (key: string, value: number, other: number) =>
    compared({ [key]: value }, { [key]: other })[0]?.verdict;

  it("calls a higher kappa better and a higher error worse", () => {
    expect(verdictOf("kappa_quadratic", 0.91, 0.9)).toBe("better");
    expect(verdictOf("mae", 2.1, 1.9)).toBe("worse");
  });
  it("calls a bias nearer to zero better, whatever its sign", () => {
    expect(verdictOf("bias", -0.1, 0.4)).toBe("better");
    expect(verdictOf("bias", -0.6, 0.4)).toBe("worse");
  });
  it("gives no verdict on a difference that would print as zero", () =>
    expect(verdictOf("accuracy", 0.8001, 0.8)).toBeNull());
  it("gives no verdict on counts", () => expect(verdictOf("corners", 900, 800)).toBeNull());
  it("has no difference where the other version lacks the figure", () =>
    expect(compared({ accuracy: 0.8 }, {})[0]).toMatchObject({ other: null, difference: null }));
  it("has no difference without another version", () =>
    expect(compared({ accuracy: 0.8 }, null)[0]).toMatchObject({ other: null, verdict: null }));
});

describe("the confusion table of a version", () => {
  const table = [0, 1, 2, 3].map((grade) => [grade, 0, 0, 0]);
  it("is found wherever it lies", () => {
    expect(confusionOf({ confusion: table })).toEqual(table);
    expect(confusionOf({ test: { confusion: table } })).toEqual(table);
  });
  it("is refused when it is not 4 x 4", () =>
    expect(confusionOf({ confusion: [[1, 2]] })).toBeNull());
});
