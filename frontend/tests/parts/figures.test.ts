import { describe, expect, it } from "vitest";

import {
  coefficient,
  counted,
  day,
  decimal,
  duration,
  fileSize,
  iccFormName,
  interval,
  percent,
  signed,
  spreadOfLimits,
} from "../../src/parts/figures";
import { texts } from "../../src/texts";

describe("coefficients", () => {
  it("prints three decimals", () => expect(coefficient(0.9462)).toBe("0.946"));
  it("keeps a negative coefficient negative, with a true minus", () =>
    expect(coefficient(-0.1329)).toBe("−0.133"));
  it("does not round nearly perfect up to perfect", () =>
    expect(coefficient(0.99972)).toBe(">0.999"));
  it("prints perfect as perfect", () => expect(coefficient(1)).toBe("1.000"));
  it("shows a dash where a value is undefined, never 0", () => {
    expect(coefficient(null)).toBe("–");
    expect(coefficient(Number.NaN)).toBe("–");
  });
  it("prints both ends of an interval", () =>
    expect(interval([0.018787, 0.761084])).toBe("0.019 to 0.761"));
  it("prints no interval with one end missing", () => {
    expect(interval([0.2, null])).toBe("–");
    expect(interval(null)).toBe("–");
  });
  it("names the form in full", () =>
    expect(iccFormName("ICC(2,1)")).toBe("two-way random, absolute agreement, single reader"));
});

describe("differences", () => {
  it("signs a bias", () => {
    expect(signed(0.42)).toBe("+0.4");
    expect(signed(-2.1176)).toBe("−2.1");
  });
  it("gives zero no sign", () => {
    expect(signed(0)).toBe("0.0");
    expect(signed(-0.01)).toBe("0.0");
    expect(decimal(-0.01)).toBe("0.0");
  });
  it("reads the spread back from the limits of agreement", () =>
    // Bland & Altman 1986, PEFR: SD of the differences 38.765130
    expect(spreadOfLimits([-78.0973, 73.862])).toBeCloseTo(38.765, 3));
});

describe("shares, sizes, times", () => {
  it.each([
    [0, "0 %"],
    [0.0004, "<0.1 %"],
    [0.0312, "3.1 %"],
    [0.0999, "10 %"],
    [0.832082, "83 %"],
    [0.9991, ">99 %"],
    [1, "100 %"],
  ])("prints the share %d as %s", (share, text) => expect(percent(share)).toBe(text));
  it("counts one film as a film", () => {
    expect(counted(1, texts.office.films)).toBe("1 film");
    expect(counted(1204, texts.office.films)).toBe("1,204 films");
  });
  it("prints file sizes in steps without '1000 kB'", () => {
    expect(fileSize(850_400)).toBe("850 kB");
    expect(fileSize(999_900)).toBe("1.0 MB");
    expect(fileSize(2_500_000_000)).toBe("2.5 GB");
  });
  it("prints durations, seconds carried over", () => {
    expect(duration(59.7)).toBe("1 min 00 s");
    expect(duration(7_800)).toBe("2 h 10 min");
    expect(duration(null)).toBe("–");
  });
  it("prints a dash for something that is no date", () => expect(day("soon")).toBe("–"));
});
