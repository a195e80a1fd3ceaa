import { describe, expect, it } from "vitest";

import type { Stratum } from "../../src/contract";
import { inOrder, scalesOf } from "../../src/parts/report_order";

const row = (name: string) => ({ name }) as Stratum;
const names = (...given: string[]) => inOrder(given.map(row)).map(({ name }) => name);

describe("a report's rows", () => {
  it("begin with the whole score, however the database ordered the keys", () => {
    const scores = { lumbar: 1, mSASSS: 2, cervical: 3 };
    expect(scalesOf(scores).map(([scale]) => scale)).toEqual(["mSASSS", "cervical", "lumbar"]);
    expect(scalesOf({ lumbar: 1 })).toEqual([["lumbar", 1]]);
  });

  it("go down the spine by level, and by name otherwise", () => {
    expect(names("L1/L2", "T12/L1", "C2/C3")).toEqual(["C2/C3", "T12/L1", "L1/L2"]);
    expect(names("B", "A")).toEqual(["A", "B"]);
  });
});
