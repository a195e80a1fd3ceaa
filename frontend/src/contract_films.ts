/** The shapes of the REST contract of the radiographs page, exactly as the server names them. */

import type { Region } from "./msasss";

export type RadiographState = "ready" | "quarantined" | "discarded" | "forgotten";

export interface Radiograph {
  id: number;
  patient: string;
  visit_date: string | null;
  region: Region | null;
  state: RadiographState;
  reason: string | null;
  width: number;
  height: number;
  /** Side of the picture where the patient's front is. */
  facing: "left" | "right" | null;
  scanner: string | null;
  imported_at: string;
  thumbnail_url: string;
  pregraded: boolean;
  plausible: boolean | null;
  /** Whose it is must be said: null when that is known. */
  asks_person: PersonAsked | null;
  /** It came in by what a person said of whose it is, which can be taken back. */
  person_told: boolean;
}

/** What a person said of whose films are, and what becomes of these when it is taken back. */
export interface AnswerToWhose {
  patient: string;
  centre: string;
  sex: Sex | null;
  asks: number[];
  stays: { film: number; study: string }[];
}

/** Somebody under the number that a film came with, as they came first. */
export interface KnownPerson {
  patient: string;
  centre: string;
  sex: Sex | null;
  /** The newest in use. */
  films: { id: number; visit_date: string; thumbnail_url: string }[];
}

export type Sex = "M" | "F" | "O";

/** With what a film came of which nobody knows whose it is, and who it can be. */
export interface PersonAsked {
  centre: string;
  sex: Sex | null;
  people: KnownPerson[];
}

/** An area of a waiting film, in pixels of its picture. */
export interface FilmArea {
  left: number;
  top: number;
  width: number;
  height: number;
}

/**
 * Lets a waiting film in; areas of its picture are blacked out, then it is inverted, then mirrored,
 * then turned anticlockwise.
 */
export interface FilmDecision {
  region: Region;
  facing: "left" | "right" | null;
  inverted: boolean;
  mirrored: boolean;
  turned: number;
  blacked: readonly FilmArea[];
  /** Where it is asked: one of the people offered, or "another". */
  person: string | null;
}

/** A film that came and cannot be shown: what is known of it. */
export interface UnreadableFilm {
  id: number;
  state: "waiting" | "arrived" | "given_up";
  reason: string;
  patient: string;
  visit_date: string;
  region: Region | null;
  encoding: string;
  file_bytes: number;
  centre: string;
  scanner: string | null;
  came_at: string;
}

export interface Page<T> {
  count: number;
  page_size: number;
  results: T[];
}

export interface RadiographFilter {
  page?: number;
  region?: Region;
  state?: RadiographState;
}

export interface ImportedFile {
  path: string;
  status: "imported" | "duplicate" | "quarantined" | "refused";
  reason: string | null;
  radiograph: number | null;
}
