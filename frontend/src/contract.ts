/** The shapes of the REST contract under /api/v1/, exactly as the server names them. */

import type { Grade, Region, SiteCode } from "./msasss";

export type Role = "reader" | "adjudicator" | "coordinator" | "admin" | "data";

export interface User {
  username: string;
  name: string;
  roles: Role[];
}

export interface Session {
  user: User | null;
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
}

// --- radiographs -------------------------------------------------------------------------------

export type RadiographState = "ready" | "quarantined" | "discarded";

export interface Radiograph {
  id: number;
  patient: string;
  visit_date: string | null;
  region: Region | null;
  state: RadiographState;
  reason: string | null;
  width: number;
  height: number;
  scanner: string | null;
  imported_at: string;
  thumbnail_url: string;
  pregraded: boolean;
  plausible: boolean | null;
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

// --- jobs --------------------------------------------------------------------------------------

export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export interface Job {
  id: number;
  kind: string;
  state: JobState;
  /** 0 to 1 */
  progress: number;
  message: string | null;
  error: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  result: Record<string, unknown> | null;
}

// --- studies -----------------------------------------------------------------------------------

export type AssistMode = "blind" | "second_look";
export type CervicalSquaring = "all" | "C5_C6" | "none";
export type MissingSites = "R3" | "strict";
export type RoundKind = "full" | "relabel";

export interface StudyRound {
  id: number;
  number: number;
  kind: RoundKind;
  opens_at: string | null;
  places: number;
  committed: number;
}

export interface Study {
  id: number;
  name: string;
  assist_mode: AssistMode;
  cervical_squaring: CervicalSquaring;
  missing_sites: MissingSites;
  finding_flags: boolean;
  films: number;
  readers: string[];
  adjudicators: string[];
  rounds: StudyRound[];
  state: string;
}

export interface ReaderProgress {
  reader: string;
  round: number;
  kind: RoundKind;
  places: number;
  committed: number;
  open_leases: number;
  last_activity: string | null;
  median_seconds: number | null;
}

export interface StudyDetail extends Study {
  progress: ReaderProgress[];
}

export interface NewStudy {
  name: string;
  readers: string[];
  adjudicators: string[];
  region: Region | null;
  radiographs: "all" | number[];
  rounds: { washout_days: number }[];
  assist_mode: AssistMode;
  cervical_squaring: CervicalSquaring;
  missing_sites: MissingSites;
  finding_flags: boolean;
}

export interface RankedCorner {
  radiograph: number;
  site: SiteCode;
  score: number;
  reason: string;
  p: number[];
}

export interface Ranking {
  model_version: string | null;
  corners: RankedCorner[];
}

export interface NewRelabelBatch {
  size: number;
  random_share: number;
  readers: string[];
}

/** The round that was opened, and how many corners each of its readers gets. */
export interface RelabelBatch {
  id: number;
  number: number;
  kind: "relabel";
  corners: number;
}

// --- agreement ---------------------------------------------------------------------------------

export interface Icc {
  value: number | null;
  ci95: [number, number] | null;
  undefined: string | null;
}

export interface ScaleAgreement {
  scale: "mSASSS" | "cervical" | "lumbar";
  n: number;
  icc: Record<string, Icc>;
}

export interface PairTotals extends ScaleAgreement {
  bias: number | null;
  loa: [number, number] | null;
}

export interface PairAgreement {
  readers: [string, string];
  totals: PairTotals[];
  /** 4 x 4, rows the first reader's grade */
  confusion: number[][];
  kappa_quadratic: number | null;
  corners: number;
}

export interface Agreement {
  study: { id: number; name: string };
  round: { id: number; number: number; kind: RoundKind } | null;
  readers: string[];
  films: number;
  pairs: PairAgreement[];
  all_readers: ScaleAgreement[];
}

// --- reading -----------------------------------------------------------------------------------

export interface WorklistEntry {
  study: { id: number; name: string };
  round: { id: number; number: number; kind: RoundKind; opens_at: string | null };
  places: number;
  committed: number;
  state: "open" | "washout" | "finished" | "closed";
  sentence: string;
}

export interface Instrument {
  cervical_squaring: CervicalSquaring;
  finding_flags: boolean;
  assist_mode: AssistMode;
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
  study: { id: number; name: string };
  round: { id: number; number: number; kind: RoundKind };
  label: string;
  position: number;
  places: number;
  sites: SiteCode[];
  discs: Disc[];
  marks: Marks;
  can_undo: boolean;
  can_redo: boolean;
  state: "open" | "leased" | "committed";
  lease_until: string | null;
  instrument: Instrument;
  model: ModelGrades | null;
  /** Films that come next, when the server says; their pictures are fetched ahead. */
  upcoming?: { picture_url: string; preview_url: string }[];
}

export interface NextReading {
  reading: Reading | null;
  state: WorklistEntry["state"];
  sentence: string;
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

export interface DiscPointsEvent {
  idempotency_key: string;
  disc: string;
  center: Point;
  anterior: Point;
}

export interface Graded {
  marks: Marks;
  saved: number[];
}

export interface Undone {
  marks: Marks;
  site: SiteCode;
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
  discs: Disc[];
  a: Mark;
  b: Mark;
}

export interface NextCase {
  case: AdjudicationCase | null;
  sentence: string;
}

export interface Decision extends Mark {
  idempotency_key: string;
}

// --- model versions ----------------------------------------------------------------------------

export type ModelTask = "key_points" | "corner_grades";
export type ModelState = "candidate" | "serving" | "retired" | "rejected";

export interface ModelVersion {
  id: number;
  task: ModelTask;
  name: string;
  recipe: string;
  state: ModelState;
  created: string;
  metrics: Record<string, unknown>;
  snapshot: string | null;
  weights_sha256: string;
  compared_with: { name: string; metrics: Record<string, unknown> } | null;
}

export interface ModelVersions {
  serving: Partial<Record<ModelTask, ModelVersion | string | null>>;
  versions: ModelVersion[];
  runs: Job[];
}

export interface NewTrainingRun {
  study: number;
  task: ModelTask;
  recipe: string;
}

export interface RetrainingSchedule {
  enabled: boolean;
  every_hours: number;
  study: number | null;
  recipe: string;
}

export interface ExportToken {
  /** When the present token was made; null without one. */
  created: string | null;
  /** The token itself, only in the answer that makes it. */
  token: string | null;
}

export interface ExportStudy {
  id: number;
  name: string;
  /** Addresses of the files that can be downloaded. */
  tables: string[];
}

export type ExportFile = "reads.csv" | "reads.json" | "consensus.csv" | "consensus.json";
