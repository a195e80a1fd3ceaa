import { describe, expect, it } from "vitest";

import type { Instrument } from "../src/contract";
import { sitesOf } from "../src/msasss";
import * as g from "../src/reader_grades";

const sites = sitesOf("C").map((site) => site.code);
const instrument = (squaring: Instrument["cervical_squaring"], flags = true): Instrument => ({
  cervical_squaring: squaring,
  finding_flags: flags,
  assist_mode: "blind",
  chronology: "single",
});

describe("a decision", () => {
  it("that is a bridge stands on both facing corners", () => {
    const marks = g.marked({}, "C4_SUP", g.graded(3), null);
    expect(marks.C3_INF?.grade).toBe(3);
    expect(marks.C4_SUP?.grade).toBe(3);
  });

  it("that takes a bridge back needs the facing corner's grade", () => {
    const bridged = g.marked({}, "C3_INF", g.graded(3), null);
    expect(g.needsPartner(sites, bridged, "C4_SUP", g.graded(2))).toBe(true);
    expect(g.needsPartner(sites, bridged, "C4_SUP", g.notAssessable("obscured"))).toBe(true);
    expect(g.needsPartner(sites, bridged, "C4_SUP", g.graded(3))).toBe(false);
    expect(g.needsPartner(sites, bridged, "C4_INF", g.graded(2))).toBe(false);
  });

  it("that takes a bridge back where the facing corner is not asked leaves it blank again", () => {
    const bridged = g.marked({}, "C3_INF", g.graded(3), null);
    expect(g.needsPartner(["C3_INF"], bridged, "C3_INF", g.graded(2))).toBe(false);
    expect(g.marked(bridged, "C3_INF", g.graded(2), null)).toEqual({ C3_INF: g.graded(2) });
  });

  it("with a partner marks both and leaves the marks before untouched", () => {
    const bridged = g.marked({}, "C3_INF", g.graded(3), null);
    const after = g.marked(bridged, "C3_INF", g.graded(1), g.graded(0));
    expect([after.C3_INF?.grade, after.C4_SUP?.grade]).toEqual([1, 0]);
    expect(bridged.C3_INF?.grade).toBe(3);
  });
});

describe("a disc out of the film", () => {
  const off = g.notAssessable("off_film");

  it("leaves neither of its corners assessable", () => {
    expect(g.outOfFilm(sites, {}, "C7/T1")).toEqual([
      { site: "C7_INF", mark: off, partner: null },
      { site: "T1_SUP", mark: off, partner: null },
    ]);
  });

  it("takes a bridge back on both corners in one action", () => {
    const bridged = g.marked({}, "C7_INF", g.graded(3), null);
    expect(g.outOfFilm(sites, bridged, "C7/T1")).toEqual([
      { site: "C7_INF", mark: off, partner: off },
    ]);
  });

  it("touches only the corner that is asked in a relabel place", () => {
    expect(g.outOfFilm(["T1_SUP"], {}, "C7/T1").map(({ site }) => site)).toEqual(["T1_SUP"]);
  });
});

describe("the way down the spine", () => {
  it("goes to the next corner without a mark, past a bridge", () => {
    const marks = g.marked({}, "C2_INF", g.graded(3), null);
    expect(g.nextSite(sites, marks, "C2_INF")).toBe("C3_INF");
  });

  it("comes back to a corner left out above, and stays when all are graded", () => {
    const all = Object.fromEntries(sites.map((site) => [site, g.graded(0)]));
    const { C3_SUP: _left, ...most } = all;
    expect(g.nextSite(sites, most, "T1_SUP")).toBe("C3_SUP");
    expect(g.nextSite(sites, all, "C5_INF")).toBe("C5_INF");
  });

  it("stops at the ends", () => {
    expect(g.neighbour(sites, "C2_INF", -1)).toBe("C2_INF");
    expect(g.neighbour(sites, "T1_SUP", 1)).toBe("T1_SUP");
    expect(g.neighbour(sites, "C2_INF", 1)).toBe("C3_SUP");
  });

  it("counts a not assessable corner as done", () => {
    expect(g.missing(["C2_INF"], { C2_INF: g.notAssessable("implant") })).toEqual([]);
  });
});

describe("two tables of marks", () => {
  it("are the same whatever their order, and not when one corner is missing", () => {
    const [a, b] = [g.graded(1), g.notAssessable("other")];
    expect(g.sameMarks({ C2_INF: a, C3_SUP: b }, { C3_SUP: b, C2_INF: a })).toBe(true);
    expect(g.sameMarks({ C2_INF: a }, { C2_INF: a, C3_SUP: b })).toBe(false);
    expect(g.sameMarks({ C2_INF: a }, { C2_INF: b })).toBe(false);
  });
});

describe("findings", () => {
  it("are asked only when the study wants them", () => {
    expect(g.findingsAsked(instrument("all", false), "L1_SUP")).toEqual([]);
  });

  it.each([
    ["none", "C5_INF", false],
    ["C5_C6", "C5_INF", true],
    ["C5_C6", "C4_INF", false],
    ["all", "C2_INF", true],
    ["none", "L1_SUP", true],
  ] as const)("with cervical squaring %s offer squaring at %s: %s", (rule, site, offered) => {
    expect(g.findingsAsked(instrument(rule), site).includes("squaring")).toBe(offered);
  });
});

describe("history", () => {
  const after = { C2_INF: g.graded(1) };
  const one = new g.History().with({ before: {}, after, site: "C2_INF" });

  it("takes back and does again", () => {
    const undone = one.undo();
    expect(undone?.marks).toEqual({});
    expect(undone?.history.canUndo).toBe(false);
    expect(undone?.history.redo()?.marks).toEqual(after);
  });

  it("forgets what was undone when something new is decided", () => {
    const branched = one.undo()?.history.with({ before: {}, after, site: "C3_SUP" });
    expect(branched?.canRedo).toBe(false);
  });

  it("names the move of levels that comes next, either way", () => {
    const shift = Symbol();
    const moved = one.with({ before: after, after: {}, site: "C2_INF", shift });
    expect(moved.nextShift("undo")).toBe(shift);
    expect(moved.nextShift("redo")).toBeUndefined();
    expect(moved.undo()?.history.nextShift("redo")).toBe(shift);
    expect(one.nextShift("undo")).toBeUndefined();
  });

  it("has nothing to take back at first", () => {
    expect(new g.History().undo()).toBeNull();
    expect(new g.History().redo()).toBeNull();
  });
});
