import { describe, expect, it } from "vitest";

import { DISCS, facing, sideOf, SITES, sitesOf } from "../src/msasss";

describe("the sites", () => {
  it("are 24, numbered from C2 down to S1", () => {
    expect(SITES.map((site) => site.index)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
    expect([SITES[0]?.code, SITES[11]?.code, SITES[12]?.code, SITES[23]?.code]).toEqual([
      "C2_INF",
      "T1_SUP",
      "T12_INF",
      "S1_SUP",
    ]);
  });

  it("face each other across the disc, both ways", () => {
    expect(facing("C2_INF")).toBe("C3_SUP");
    for (const site of SITES) expect(facing(facing(site.code))).toBe(site.code);
  });

  it("name the lower corner of the vertebra above as the disc's cranial side", () => {
    expect(sideOf("C5_INF")).toBe("cranial");
    expect(sideOf("C6_SUP")).toBe("caudal");
  });

  it("are twelve to a region, two to a disc", () => {
    expect(sitesOf("C").length).toBe(12);
    for (const disc of DISCS.L) expect(SITES.filter((site) => site.disc === disc)).toHaveLength(2);
  });

  it("refuse an unknown code", () => {
    expect(() => facing("C1_INF")).toThrow("C1_INF");
  });
});
