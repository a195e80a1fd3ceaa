/** Whose films are, in words. */

import type { AnswerToWhose, Sex } from "../contract";
import { texts } from "../texts";

const MOST_NAMED = 12;

/** "Paris, female": with what a film came beside its number. */
export function described(centre: string, sex: Sex | null): string {
  const t = texts.office.radiographs.person;
  return `${centre}, ${sex === null ? t.noSex : t.sexes[sex]}`;
}

/** What becomes of the films that came in by an answer, when it is taken back, in sentences. */
export function whatBecomes({ patient, centre, sex, asks, stays }: AnswerToWhose): string[] {
  const t = texts.office.radiographs.undo;
  const studies = [...new Set(stays.map((one) => one.study))];
  return [
    t.said(described(centre, sex), patient),
    asks.length === 0 ? t.asksNone : t.asks(asks, named(asks)),
    ...studies.map((study) => {
      const films = stays.filter((one) => one.study === study).map((one) => one.film);
      return t.stays(films, named(films), study);
    }),
  ];
}

function named(films: readonly number[]): string {
  const shown = films.slice(0, MOST_NAMED).join(", ");
  const more = films.length - MOST_NAMED;
  return more > 0 ? texts.office.radiographs.undo.more(shown, more) : shown;
}
