import { afterEach, describe, expect, it } from "vitest";

import type { AnswerToWhose } from "../../src/contract";
import { whatBecomes } from "../../src/parts/whose_film";
import { speak } from "../../src/texts";

afterEach(() => speak("en"));

const answer: AnswerToWhose = {
  patient: "P2",
  centre: "Paris",
  sex: "F",
  asks: [7],
  stays: [],
};
const many = Array.from({ length: 14 }, (_, index) => index + 1);

describe("an answer to whose a film is, taken back", () => {
  it("says whose the films were said to be, and which ask again", () => {
    const [said, asks, ...more] = whatBecomes(answer);
    expect(said).toContain("from Paris, female, is patient P2");
    expect(asks).toMatch(/^Film 7 goes out of use/);
    expect(more).toEqual([]);
  });

  it("counts those that are too many to name", () => {
    expect(whatBecomes({ ...answer, asks: many })[1]).toMatch(/^Films 1, .*, 12 and 2 more go/);
  });

  it("says which stay, study by study, and that none asks where all do", () => {
    const stays = [
      { film: 7, study: "Spring" },
      { film: 8, study: "Deck" },
      { film: 9, study: "Spring" },
    ];
    expect(whatBecomes({ ...answer, asks: [], stays }).slice(1)).toEqual([
      "No film asks again.",
      "Films 7, 9 stay in use under this patient, with all reads: “Spring” has them.",
      "Film 8 stays in use under this patient, with all reads: “Deck” has it.",
    ]);
  });

  it("says so in Korean", async () => {
    await speak("ko");
    const stays = [{ film: 8, study: "Spring" }];
    const said = whatBecomes({ ...answer, sex: null, asks: many, stays });
    expect(said).toHaveLength(3);
    for (const sentence of said) expect(sentence).toMatch(/[가-힣].*니다\.$/);
    expect(said[2]).toContain("영상 8");
  });
});
