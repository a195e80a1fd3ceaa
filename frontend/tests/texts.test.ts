import { afterEach, describe, expect, it } from "vitest";

import { counted, day, duration, interval } from "../src/parts/figures";
import { LANGUAGES, locale, preferred, speak, texts } from "../src/texts";
import { english } from "../src/texts/en";
import { korean } from "../src/texts/ko";

afterEach(() => speak("en"));

describe("the language of the page", () => {
  it.each([
    [["ko-KR", "en-US"], "ko"],
    [["de-DE", "ko", "en"], "ko"],
    [["en-GB", "ko"], "en"],
    [["fr"], "en"],
    [[], "en"],
  ])("is for %j %s", (wanted, language) => expect(preferred(wanted)).toBe(language));

  it("changes the texts, and how numbers and dates are written", async () => {
    expect(texts.routes.worklist).toBe("Worklist");
    await speak("ko");
    expect(texts.routes.worklist).toBe("판독 목록");
    expect(locale()).toBe("ko-KR");
    expect(counted(1204, texts.office.films)).toBe("영상 1,204건");
    expect(day("2026-11-23")).toBe("2026년 11월 23일");
    expect(duration(185)).toBe("3분 05초");
    expect(interval([0.941, 0.95])).toBe("0.941 ~ 0.950");
  });

  it("calls each language by its own name", () => {
    expect(Object.values(LANGUAGES)).toEqual(["English", "한국어"]);
  });
});

type Leaf = [path: string, said: string];

type Text = (...places: unknown[]) => unknown;

/** A text with these in its places; one that wants a name gets the number written out. */
function filled(text: Text, places: unknown[]): string {
  try {
    return String(text(...places));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return String(text(...places.map(String)));
  }
}

/** Every text of a table; those with places are said with what `place` gives in each. */
function said(
  table: object,
  path = "",
  place: (index: number) => unknown = (index) => `X${index}`,
): Leaf[] {
  return Object.entries(table).flatMap(([key, value]): Leaf[] => {
    const at = path ? `${path}.${key}` : key;
    if (typeof value === "string") return [[at, value]];
    if (typeof value !== "function") return said(value as object, at, place);
    const places = Array.from({ length: value.length }, (_, index) => place(index));
    return [[at, filled(value as Text, places)]];
  });
}

describe("the English table", () => {
  it("counts one of a thing as one", () => {
    const things =
      /\b1 (?:[a-z]+ )?(?:areas|corners|days|discs|films|files|grades|patients|places|points|readers|rounds|studies)\b/;
    const counts = said(english, "", () => 1).filter(([, text]) => things.test(text));
    expect(counts).toEqual([]);
  });
});

describe("a discarded film that may come again", () => {
  it.each([
    [english, /Discarded.*again/, /picture is deleted.*new film/],
    [korean, /폐기.*재전송/, /화상이 삭제.*새 영상/],
  ])("is called that, and a hint says what it means", ({ office }, name, hint) => {
    expect(office.radiographs.list.states.forgotten).toMatch(name);
    expect(office.radiographs.list.forgottenHint).toMatch(hint);
  });
});

describe("the Korean table", () => {
  /** The same in both languages: names, units, abbreviations. */
  const SHARED = [
    /^app\.name$/,
    /^reading\.tools\.actualSize$/,
    /^office\.notGiven$/,
    /^reading\.naShort$/,
    /scales\.mSASSS(\.name)?$/,
    /shares\.f1$/,
    /^office\.agreement\.(n|sd)$/,
    /\.range$/,
    /\.pixels$/,
    /\.pair$/,
    /\.probability$/,
    /\.held$/,
    /\.person\.from$/, // a hospital and a sex
    /^office\.interval$/,
    /^reading\.corner$/, // its edge comes from reading.edges
  ];
  const hangul = /[가-힣]/;

  it("says every text in Korean", () => {
    const foreign = said(korean).filter(
      ([path, text]) => !hangul.test(text) && !SHARED.some((shared) => shared.test(path)),
    );
    expect(foreign).toEqual([]);
  });

  it("names in every text what the English one names", () => {
    const english_ = new Map(said(english));
    const places = (text: string) => [...new Set(text.toUpperCase().match(/\bX\d/g))].sort();
    const lost = said(korean).filter(
      ([path, text]) => `${places(text)}` !== `${places(english_.get(path) ?? "")}`,
    );
    expect(lost).toEqual([]);
  });
});
