import { describe, expect, it } from "vitest";

import type { Marks, ModelGrades, Reading } from "../src/contract";
import { graded, notAssessable } from "../src/reader_grades";
import { differing, modelMarks, toLookAt } from "../src/second_look";

const sites = ["T12_INF", "L1_SUP", "L1_INF"];
const marks: Marks = { T12_INF: graded(0), L1_SUP: graded(1), L1_INF: notAssessable("rotated") };
const model: ModelGrades = {
  version: "grader-7",
  corners: {
    T12_INF: { p: [0.9, 0.1, 0, 0], grade: 0 },
    L1_SUP: { p: [0.1, 0.1, 0.8, 0], grade: 2 },
    L1_INF: { p: [0.9, 0.1, 0, 0], grade: 0 },
  },
};
const reading = { sites, marks, model, first_marks: marks } as unknown as Reading;

describe("a second look", () => {
  it("takes the model's grades as marks", () => {
    expect(modelMarks(model)).toEqual({
      T12_INF: graded(0),
      L1_SUP: graded(2),
      L1_INF: graded(0),
    });
  });

  it("begins at the first corner where the model's grade is another one", () => {
    expect(toLookAt(reading)).toBe("L1_SUP");
    expect(differing(sites, marks, modelMarks(model))).toEqual(["L1_SUP", "L1_INF"]);
  });

  it("says nothing where the model graded no corner, or all the same", () => {
    expect(differing(sites, marks, {})).toEqual([]);
    expect(toLookAt({ ...reading, marks: modelMarks(model) })).toBeUndefined();
  });

  it("is none beside a concurrent model or in a blind reading", () => {
    expect(toLookAt({ ...reading, first_marks: null })).toBeUndefined();
    expect(toLookAt({ ...reading, model: null })).toBeUndefined();
  });
});
