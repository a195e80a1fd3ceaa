import { describe, expect, it } from "vitest";

import { translated } from "../src/sentences";
import korean from "../src/texts/ko/server.json";

const table = {
  "It is blank.": "비었습니다.",
  "Film {} of {}": "{1}건 중 {0}번째",
  "It looks like a {} spine.": "{0}로 보입니다.",
  cervical: "경추",
};

describe("a sentence of the server", () => {
  it.each([
    ["It is blank.", "비었습니다."],
    ["Film 3 of 12", "12건 중 3번째"],
    ["It looks like a cervical spine.", "경추로 보입니다."],
    ["It looks like a cervical spine. It is blank.", "경추로 보입니다. 비었습니다."],
    ["It is blank. Nobody knows this.", "비었습니다. Nobody knows this."],
    ["Nobody knows this.", "Nobody knows this."],
    ["", ""],
  ])("%s", (said, meant) => expect(translated(said, table)).toBe(meant));

  it("stays as it is without a table", () => {
    expect(translated("Film 3 of 12", {})).toBe("Film 3 of 12");
  });

  it("tells a moment by the clock of whoever reads it, in either language", () => {
    const said =
      "The next film opens on 22 December 2026 at 18:49 UTC, after the 28-day wait since you last read it. Come back then.";
    expect(translated(said, korean, "ko-KR", "Asia/Seoul")).toBe(
      "다음 영상은 마지막 판독 후 28일이 지난 2026년 12월 23일 03:49에 열립니다. 그때 다시 오십시오.",
    );
    expect(translated(said, {}, "en-GB", "Asia/Seoul")).toMatch(
      /opens on 23 December 2026 at 03:49, after/,
    );
    expect(translated(said, {}, "en-GB", "America/New_York")).toMatch(/22 December 2026 at 13:49,/);
  });

  it("tells an adjudicator when a corner is free again by the own clock", () => {
    const said =
      "Other adjudicators hold the corners that are left. The next one is free again on 1 March 2026 at 23:05 UTC at the latest.";
    expect(translated(said, korean, "ko-KR", "Asia/Seoul")).toContain("2026년 3월 2일 08:05에");
    expect(translated(said, {}, "en-GB", "Asia/Seoul")).toContain("on 2 March 2026 at 08:05 at");
  });

  it("tells in Korean why and how far a training is, sentence by sentence", () => {
    const inKorean = (said: string) => translated(said, korean, "ko-KR");
    expect(inKorean("train: step 3 of 400, loss 0.398, about 34 min left")).toBe(
      "학습: 400단계 중 3단계, 손실 0.398, 약 34분 남음",
    );
    expect(
      inKorean(
        "No training patient has a graded film yet. No test patient has a graded film yet. " +
          "Import and read more films: a training needs all three.",
      ),
    ).not.toMatch(/[a-z]/);
    expect(
      inKorean(
        "x-2 is trained and waits for you. Its totals are off by 1 units, not by 0.5 at most.",
      ),
    ).toBe(
      "x-2 버전의 학습이 끝나 결정을 기다립니다. 총점이 1점 어긋납니다. 최대 0.5점까지 허용됩니다.",
    );
  });

  it("keeps every name and number in Korean", () => {
    for (const [said, meant] of Object.entries(korean)) {
      const places = said.split("{}").length - 1;
      const wanted = Array.from({ length: places }, (_, index) => `{${index}}`);
      // One sentence names the same person twice.
      if (said.includes("so {}'s own reads")) wanted.pop();
      expect([said, [...new Set(meant.match(/\{\d\}/g))].sort()]).toEqual([said, wanted]);
    }
  });
});
