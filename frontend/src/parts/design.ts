/** The design of a study and of a relabel batch: what a form says, checked before it is sent. */

import type { FilmsAsked, NewRelabelBatch, NewStudy } from "../contract";
import type { Region } from "../msasss";
import { texts } from "../texts";

export interface FilmChoiceForm {
  /** Empty for all. */
  centres: string[];
  scanners: string[];
  predicted: "any" | "yes" | "no";
  /** As a date input gives it; empty for no limit. */
  visitedFrom: string;
  visitedTo: string;
  unread: boolean;
}

export interface DesignForm {
  name: string;
  region: Region | "";
  films: "all" | "chosen";
  filmNumbers: string;
  choice: FilmChoiceForm;
  chronology: NewStudy["chronology"];
  readers: string[];
  adjudicators: string[];
  /** One entry per round; the first is not asked for. A number input that is empty gives null. */
  washoutDays: (number | null)[];
  assistMode: NewStudy["assist_mode"];
  cervicalSquaring: NewStudy["cervical_squaring"];
  missingSites: NewStudy["missing_sites"];
  findingFlags: boolean;
  adjudicationTrigger: NewStudy["adjudication_trigger"];
  /** Asked for the trigger "total" only. */
  adjudicationTotal: number | null;
  settlingRule: NewStudy["settling_rule"];
  overlap: NewStudy["overlap"];
  /** Asked for the overlap "some" only. */
  readersPerFilm: number | null;
  /** Asked for the overlap "double" only. */
  doublePercent: number | null;
  repeatPercent: number | null;
  /** Null: no calibration is asked for. */
  gateDeck: number | null;
  gateKappa: number | null;
  gateFilms: number | null;
}

/** Squaring is the least valid item in the cervical spine (Kim 2008): not scored unless asked. */
export const newDesign = (): DesignForm => ({
  name: "",
  region: "",
  films: "all",
  filmNumbers: "",
  choice: {
    centres: [],
    scanners: [],
    predicted: "any",
    visitedFrom: "",
    visitedTo: "",
    unread: false,
  },
  chronology: "single",
  readers: [],
  adjudicators: [],
  washoutDays: [0],
  assistMode: "blind",
  cervicalSquaring: "none",
  missingSites: "R3",
  findingFlags: false,
  adjudicationTrigger: "any",
  adjudicationTotal: 3,
  settlingRule: "median",
  overlap: "all",
  readersPerFilm: 2,
  doublePercent: 20,
  repeatPercent: 0,
  gateDeck: null,
  gateKappa: 0.7,
  gateFilms: 10,
});

export type Problems<Field extends string> = Partial<Record<Field, string>>;
export type DesignField =
  | "name"
  | "filmNumbers"
  | "readers"
  | "adjudicators"
  | "rounds"
  | "adjudicationTotal"
  | "overlap"
  | "repeats"
  | "gate";

export type Checked<T, Field extends string> =
  { ok: true; value: T } | { ok: false; problems: Problems<Field> };

const MAX_SPAN = 100_000;

/** "12, 15-20" as sorted numbers without doubles; the first part that is no number is told. */
export function filmNumbers(text: string): { numbers: number[] } | { wrong: string } {
  const numbers = new Set<number>();
  for (const part of text.split(/[\s,;]+/).filter(Boolean)) {
    const [, from, to = from] = /^(\d{1,9})(?:[-–](\d{1,9}))?$/.exec(part) ?? [];
    if (!from || Number(to) < Number(from) || Number(to) - Number(from) > MAX_SPAN) {
      return { wrong: part };
    }
    for (let number = Number(from); number <= Number(to); number++) numbers.add(number);
  }
  return { numbers: [...numbers].sort((a, b) => a - b) };
}

const wholeFrom = (low: number, high: number, value: number | null): value is number =>
  value !== null && Number.isInteger(value) && value >= low && value <= high;

export const choiceOf = (choice: FilmChoiceForm): FilmsAsked => ({
  centres: choice.centres,
  scanners: choice.scanners,
  predicted: choice.predicted === "any" ? null : choice.predicted === "yes",
  visited_from: choice.visitedFrom || null,
  visited_to: choice.visitedTo || null,
  unread: choice.unread,
});

/** The request for a new study, or one sentence per field that is wrong. */
export function checkDesign(form: DesignForm): Checked<NewStudy, DesignField> {
  const invalid = texts.office.studies.design.invalid;
  const problems: Problems<DesignField> = {};
  const name = form.name.trim();
  if (!name || name.length > 120) problems.name = invalid.name;
  if (form.readers.length === 0) problems.readers = invalid.readers;
  const both = form.adjudicators.filter((adjudicator) => form.readers.includes(adjudicator));
  if (both.length > 0) problems.adjudicators = invalid.adjudicators(both.join(", "));

  const chosen = filmNumbers(form.films === "chosen" ? form.filmNumbers : "");
  if ("wrong" in chosen) problems.filmNumbers = invalid.filmNumbers(chosen.wrong);
  else if (form.films === "chosen" && chosen.numbers.length === 0) {
    problems.filmNumbers = invalid.noFilmNumbers;
  }

  const washouts = form.washoutDays.map((days, index) => (index === 0 ? 0 : days));
  if (!washouts.every((days) => wholeFrom(0, 3650, days))) problems.rounds = invalid.rounds;

  const byTotal = form.adjudicationTrigger === "total";
  if (byTotal && !wholeFrom(0, 36, form.adjudicationTotal)) {
    problems.adjudicationTotal = invalid.adjudicationTotal;
  }

  const { overlap, readersPerFilm, doublePercent } = form;
  if (overlap === "some" && !wholeFrom(1, form.readers.length, readersPerFilm)) {
    problems.overlap = invalid.readersPerFilm;
  }
  if (overlap === "double" && !(form.readers.length > 1 && wholeFrom(1, 99, doublePercent))) {
    problems.overlap = invalid.doublePercent;
  }
  const { repeatPercent } = form;
  if (!wholeFrom(0, 50, repeatPercent)) problems.repeats = invalid.repeats;
  else if (repeatPercent > 0 && form.assistMode !== "blind")
    problems.repeats = invalid.blindRepeats;

  const { gateDeck, gateKappa, gateFilms } = form;
  const gated = gateDeck !== null;
  const inReach = gateKappa !== null && gateKappa >= 0.01 && gateKappa <= 1;
  if (gated && !(inReach && wholeFrom(1, 100_000, gateFilms))) {
    problems.gate = texts.calibration.gate.invalid;
  }

  if (Object.keys(problems).length > 0) return { ok: false, problems };
  return {
    ok: true,
    value: {
      name,
      readers: form.readers,
      adjudicators: form.adjudicators,
      region: form.region || null,
      radiographs: form.films === "chosen" && "numbers" in chosen ? chosen.numbers : "all",
      ...choiceOf(form.choice),
      chronology: form.chronology,
      rounds: washouts.map((days) => ({ washout_days: days as number })),
      assist_mode: form.assistMode,
      cervical_squaring: form.cervicalSquaring,
      missing_sites: form.missingSites,
      finding_flags: form.findingFlags,
      adjudication_trigger: form.adjudicationTrigger,
      adjudication_total: byTotal ? form.adjudicationTotal : null,
      settling_rule: form.settlingRule,
      overlap,
      repeat_share: (repeatPercent as number) / 100,
      readers_per_film: overlap === "some" ? readersPerFilm : null,
      gate_deck: gateDeck,
      gate_kappa: gated ? gateKappa : null,
      gate_films: gated ? gateFilms : null,
      double_share: overlap === "double" ? (doublePercent as number) / 100 : null,
    },
  };
}

export interface BatchForm {
  size: number | null;
  randomPercent: number | null;
  readers: string[];
}

export type BatchField = "size" | "random" | "readers";

/** The request for a relabel batch, or one sentence per field that is wrong. */
export function checkBatch(form: BatchForm): Checked<NewRelabelBatch, BatchField> {
  const { size, randomPercent, readers } = form;
  const invalid = texts.office.studies.batch.invalid;
  const problems: Problems<BatchField> = {};
  if (!wholeFrom(1, 2000, size)) problems.size = invalid.size;
  if (!wholeFrom(0, 50, randomPercent)) problems.random = invalid.random;
  if (readers.length === 0) problems.readers = invalid.readers;
  if (Object.keys(problems).length > 0) return { ok: false, problems };
  return {
    ok: true,
    value: { size: size as number, random_share: (randomPercent as number) / 100, readers },
  };
}
