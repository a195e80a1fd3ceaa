import { describe, expect, it } from "vitest";

import { checkBatch, checkDesign, filmNumbers, newDesign } from "../../src/parts/design";

const good = () => ({ ...newDesign(), name: " Pilot ", readers: ["kim", "lee"] });

describe("film numbers", () => {
  it("reads single numbers and spans, sorted and once each", () =>
    expect(filmNumbers("15-17, 3; 16 3")).toEqual({ numbers: [3, 15, 16, 17] }));
  it.each(["x", "3-", "7-5", "1-999999999", "-4", "2.5"])("refuses %s and says which", (part) =>
    expect(filmNumbers(`1, ${part}`)).toEqual({ wrong: part }),
  );
});

describe("the design of a study", () => {
  it("becomes a request with the name trimmed and all films", () =>
    expect(checkDesign(good())).toEqual({
      ok: true,
      value: {
        name: "Pilot",
        readers: ["kim", "lee"],
        adjudicators: [],
        region: null,
        radiographs: "all",
        centres: [],
        scanners: [],
        predicted: null,
        visited_from: null,
        visited_to: null,
        unread: false,
        chronology: "single",
        rounds: [{ washout_days: 0 }],
        assist_mode: "blind",
        cervical_squaring: "none",
        missing_sites: "R3",
        finding_flags: false,
        adjudication_trigger: "any",
        adjudication_total: null,
        settling_rule: "median",
        overlap: "all",
        repeat_share: 0,
        readers_per_film: null,
        double_share: null,
        gate_deck: null,
        gate_kappa: null,
        gate_films: null,
      },
    }));
  it("sends a question to the archive", () => {
    const choice = {
      ...good().choice,
      centres: ["Seoul", "Busan"],
      predicted: "no" as const,
      visitedFrom: "2020-01-31",
      unread: true,
    };
    const checked = checkDesign({ ...good(), choice, chronology: "paired_known" });
    expect(checked.ok && checked.value).toMatchObject({
      centres: ["Seoul", "Busan"],
      predicted: false,
      visited_from: "2020-01-31",
      visited_to: null,
      unread: true,
      chronology: "paired_known",
    });
  });
  it("sends chosen films as numbers", () => {
    const checked = checkDesign({ ...good(), films: "chosen", filmNumbers: "4-6" });
    expect(checked.ok && checked.value.radiographs).toEqual([4, 5, 6]);
  });
  it("ignores film numbers left in the field when all films are chosen", () =>
    expect(checkDesign({ ...good(), filmNumbers: "nonsense" }).ok).toBe(true));
  it("tells every wrong field at once", () => {
    const checked = checkDesign({ ...newDesign(), films: "chosen", washoutDays: [0, null] });
    expect(checked.ok === false && Object.keys(checked.problems).sort()).toEqual([
      "filmNumbers",
      "name",
      "readers",
      "rounds",
    ]);
  });
  it("refuses a reader who is also the adjudicator, by name", () => {
    const checked = checkDesign({ ...good(), adjudicators: ["lee"] });
    expect(checked.ok === false && checked.problems.adjudicators).toContain("lee");
  });
  it("asks for the limit of totals only where totals trigger the adjudication", () => {
    const byTotal = { ...good(), adjudicationTrigger: "total" as const };
    const checked = checkDesign({ ...byTotal, adjudicationTotal: null });
    expect(checked.ok === false && checked.problems.adjudicationTotal).toContain("0 to 36");
    expect(checkDesign({ ...good(), adjudicationTotal: null }).ok).toBe(true);
    const sent = checkDesign({ ...byTotal, adjudicationTotal: 4 });
    expect(sent.ok && sent.value.adjudication_total).toBe(4);
  });
  it("asks how many readers read a film only where not all of them do", () => {
    const some = { ...good(), overlap: "some" as const };
    expect(checkDesign({ ...some, readersPerFilm: 3 }).ok).toBe(false);
    const sent = checkDesign({ ...some, readersPerFilm: 1 });
    expect(sent.ok && [sent.value.readers_per_film, sent.value.double_share]).toEqual([1, null]);
    const double = checkDesign({ ...good(), overlap: "double", doublePercent: 25 });
    expect(double.ok && double.value.double_share).toBe(0.25);
    const alone = { ...good(), readers: ["kim"], overlap: "double" as const };
    expect(checkDesign(alone).ok).toBe(false);
  });
  it("takes hidden repeats of half the films at most, and only in blind studies", () => {
    const sent = checkDesign({ ...good(), repeatPercent: 10 });
    expect(sent.ok && sent.value.repeat_share).toBe(0.1);
    for (const wrong of [{ repeatPercent: 51 }, { repeatPercent: null }])
      expect(checkDesign({ ...good(), ...wrong }).ok).toBe(false);
    const seen = checkDesign({ ...good(), repeatPercent: 10, assistMode: "second_look" });
    expect(seen.ok === false && seen.problems.repeats).toContain("blind");
  });
  it("asks for a calibration whole or not at all", () => {
    const gated = { ...good(), gateDeck: 3, gateKappa: 0.8, gateFilms: 12 };
    const sent = checkDesign(gated);
    expect(sent.ok && [sent.value.gate_deck, sent.value.gate_kappa]).toEqual([3, 0.8]);
    for (const wrong of [{ gateKappa: 0 }, { gateKappa: null }, { gateFilms: 0.5 }])
      expect(checkDesign({ ...gated, ...wrong }).ok).toBe(false);
  });
  it("has no washout before the first round", () => {
    const checked = checkDesign({ ...good(), washoutDays: [30, 120] });
    expect(checked.ok && checked.value.rounds).toEqual([
      { washout_days: 0 },
      { washout_days: 120 },
    ]);
  });
});

describe("a relabel batch", () => {
  it("sends the random part as a share", () =>
    expect(checkBatch({ size: 50, randomPercent: 10, readers: ["kim"] })).toEqual({
      ok: true,
      value: { size: 50, random_share: 0.1, readers: ["kim"] },
    }));
  it.each([
    [{ size: 0, randomPercent: 10, readers: ["kim"] }, "size"],
    [{ size: 2.5, randomPercent: 10, readers: ["kim"] }, "size"],
    [{ size: 50, randomPercent: 51, readers: ["kim"] }, "random"],
    [{ size: 50, randomPercent: null, readers: ["kim"] }, "random"],
    [{ size: 50, randomPercent: 10, readers: [] }, "readers"],
  ])("refuses %j", (form, field) => {
    const checked = checkBatch(form);
    expect(checked.ok === false && Object.keys(checked.problems)).toEqual([field]);
  });
});
