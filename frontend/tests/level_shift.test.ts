import { describe, expect, it } from "vitest";

import type { Disc, Marks } from "../src/contract";
import {
  droppedMarks,
  movedDiscs,
  opposite,
  shiftedMarks,
  shiftedPoints,
} from "../src/level_shift";
import { DISCS, SITES } from "../src/msasss";
import { graded } from "../src/reader_grades";

const SITES_C = SITES.filter((site) => site.region === "C").map((site) => site.code);
const film = { width: 800, height: 1000 };
const disc = (name: string, y: number): Disc => ({
  disc: name,
  center: [400, y],
  anterior: [340, y + 10],
  confidence: 0.9,
  source: "model",
  model: null,
});
const all = DISCS.C.map((name, i) => disc(name, 200 + 100 * i));
/** A grade of its own at every corner, told apart by the reason. */
const marks: Marks = Object.fromEntries(
  SITES_C.map((site) => [site, { grade: null, not_assessable: site, findings: [] }]),
);

describe("grades on a wrong level", () => {
  it("move down by a disc, and the last disc's are dropped", () => {
    const moved = shiftedMarks(SITES_C, marks, "caudal");
    expect(moved.C2_INF).toBeUndefined();
    expect(moved.C3_SUP).toBeUndefined();
    expect(moved.C3_INF).toEqual(marks.C2_INF);
    expect(moved.T1_SUP).toEqual(marks.C7_SUP);
    expect(droppedMarks(SITES_C, marks, "caudal")).toEqual(["C7_INF", "T1_SUP"]);
  });

  it("come back by the opposite, save what was dropped", () => {
    for (const towards of ["cranial", "caudal"] as const) {
      const there = shiftedMarks(SITES_C, marks, towards);
      const back = shiftedMarks(SITES_C, there, opposite(towards));
      const dropped = droppedMarks(SITES_C, marks, towards);
      const kept = Object.entries(marks).filter(([site]) => !dropped.includes(site));
      expect(back).toEqual(Object.fromEntries(kept));
    }
  });

  it("keep a bridge on facing corners", () => {
    const bridge = { C4_INF: graded(3), C5_SUP: graded(3) };
    expect(shiftedMarks(SITES_C, bridge, "cranial")).toEqual({
      C3_INF: graded(3),
      C4_SUP: graded(3),
    });
  });

  it("say which disc becomes which", () => {
    expect(movedDiscs(SITES_C, "caudal")[0]).toEqual({ from: "C2/C3", to: "C3/C4" });
    expect(movedDiscs(SITES_C, "cranial")).toHaveLength(5);
  });
});

describe("points on a wrong level", () => {
  it("move with the grades, and the disc left behind is guessed", () => {
    const placed = shiftedPoints(all, SITES_C, "caudal", film);
    const at = new Map(placed.map((one) => [one.disc, one.center]));
    expect(at.get("C3/C4")).toEqual([400, 200]);
    expect(at.get("C7/T1")).toEqual([400, 600]);
    expect(at.get("C2/C3")).toEqual([400, 100]);
  });

  it("are left alone where there are none", () => {
    expect(shiftedPoints([], SITES_C, "caudal", film)).toEqual([]);
  });
});
