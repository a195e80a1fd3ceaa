/** The shapes of the REST contract under /api/v1/, exactly as the server names them. */

import type { AssistMode, CervicalSquaring, Chronology } from "./contract_office";
import type { RoundKind } from "./contract_progress";
import type { Finding, Grade, Region, SiteCode } from "./msasss";

export type * from "./contract_calibration";
export type * from "./contract_films";
export type * from "./contract_office";
export type * from "./contract_progress";

export type Role = "reader" | "adjudicator" | "coordinator" | "admin" | "data";

export interface User {
  username: string;
  name: string;
  roles: Role[];
}

export interface SignedIn extends User {
  preferences: ChosenPreferences;
}

/** How a user wants the pages; null: not chosen. */
export interface ChosenPreferences {
  language: string | null;
  theme: string | null;
}

export interface Session {
  user: SignedIn | null;
  csrf_token: string;
  version: string;
}

export interface Window {
  center: number;
  width: number;
}

export interface Mark {
  grade: Grade | null;
  not_assessable: string | null;
  findings: string[];
}

export type Marks = Partial<Record<SiteCode, Mark>>;
export type Point = [x: number, y: number];

export interface Disc {
  disc: string;
  center: Point;
  anterior: Point;
  confidence: number | null;
  source: "model" | "reader";
  /** Where the model has them, beside a reader's own points. */
  model: { center: Point; anterior: Point } | null;
}

// --- reading -----------------------------------------------------------------------------------

export interface WorklistEntry {
  study: { id: number; name: string };
  round: { id: number; number: number; kind: RoundKind; opens_at: string | null };
  places: number;
  committed: number;
  state: "open" | "calibration" | "washout" | "finished" | "closed";
  /** The round that must be read first: the newest try of a calibration deck. */
  leads_to: number | null;
  sentence: string;
}

export interface Instrument {
  cervical_squaring: CervicalSquaring;
  finding_flags: boolean;
  assist_mode: AssistMode;
  chronology: Chronology;
}

export interface ModelGrades {
  version: string;
  corners: Partial<Record<SiteCode, { p: number[]; grade: Grade }>>;
}

/** What a film pane needs to show a film, whoever asks for it. */
export interface FilmPicture {
  region: Region;
  width: number;
  height: number;
  spacing_mm: number | null;
  picture_url: string;
  preview_url: string;
  window: Window;
}

export interface Reading extends FilmPicture {
  id: number;
  /** When the reader graded last with this window, by the server's clock; null: not in this reading. */
  window_at: string | null;
  study: { id: number; name: string };
  round: { id: number; number: number; kind: RoundKind };
  position: number;
  places: number;
  /** Which film of a pair; `days` after the first one where the order is known. */
  time_point: { slot: number; days: number | null } | null;
  sites: SiteCode[];
  discs: Disc[];
  marks: Marks;
  can_undo: boolean;
  can_redo: boolean;
  state: "open" | "leased" | "committed";
  lease_until: string | null;
  instrument: Instrument;
  model: ModelGrades | null;
  /** The committed grades that a second look may change; null in any other reading. */
  first_marks: Marks | null;
  /** Of a committed calibration film; empty everywhere else. */
  answers: Marks;
  /** The films that are read together with this one. */
  paired?: Reading[];
  /** The films that come next, not opened yet, on the film at hand: the page goes on to them. */
  upcoming?: Reading[];
}

export interface NextReading {
  reading: Reading | null;
  state: WorklistEntry["state"];
  sentence: string;
}

/** A commit takes the next place at once; null where the reader looks at known answers first. */
export interface Committed extends Reading {
  next: NextReading | null;
}

export interface GradeEvent {
  idempotency_key: string;
  site: SiteCode;
  grade: Grade | null;
  not_assessable: string | null;
  findings: string[];
  partner: Mark | null;
  client_time: string;
  ms_spent: number;
  window: Window;
}

export interface Keyed {
  idempotency_key: string;
  client_time?: string;
}

export interface CommitEvent extends Keyed {
  /** The reading that the page has gone on to, to be taken next. */
  shown: number | null;
}

export interface DiscPointsEvent {
  idempotency_key: string;
  disc: string;
  center: Point;
  anterior: Point;
}

export interface Graded {
  marks: Marks;
  window_at: string | null;
}

/** What a refused commit lacks, film by film. */
export interface Missing {
  reading: number;
  sites: SiteCode[];
}

export interface Undone {
  marks: Marks;
  site: SiteCode;
  /** Whither it moved the levels, where it took back or repeated such a move. */
  levels: "cranial" | "caudal" | null;
}

// --- adjudication ------------------------------------------------------------------------------

export interface AdjudicationEntry {
  study: { id: number; name: string };
  open: number;
  settled: number;
}

export interface AdjudicationCase extends FilmPicture {
  id: number;
  site: SiteCode;
  facing: SiteCode;
  /** What grade 1 may stand for at this corner. */
  findings: Finding[];
  discs: Disc[];
  a: Mark;
  b: Mark;
}

export interface NextCase {
  case: AdjudicationCase | null;
  /** Corners of the study that are not settled, this one among them. */
  open: number;
  sentence: string;
}

export interface Decision extends Mark {
  idempotency_key: string;
}

/** All marks of a film move by one disc. */
export interface LevelShiftEvent extends Keyed {
  towards: "cranial" | "caudal";
}
