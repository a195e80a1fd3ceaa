/** The shapes of the REST contract of the office pages, exactly as the server names them. */

import type { Job, ModelTask } from "./contract_jobs";
import type { Comparison } from "./contract_models";
import type { DeckAsked, Hold, ReaderProgress, RoundKind } from "./contract_progress";
import type { Region, SiteCode } from "./msasss";

export type * from "./contract_jobs";
export type * from "./contract_models";

export type AssistMode = "blind" | "second_look" | "concurrent";
export type Chronology = "single" | "paired_blinded" | "paired_known";
export type CervicalSquaring = "all" | "C5_C6" | "none";

// --- studies -----------------------------------------------------------------------------------

export type MissingSites = "R3" | "strict";
export type AdjudicationTrigger = "any" | "two_grades" | "bridge" | "total";
export type SettlingRule = "mean" | "median";

/** Which differences go before an adjudicator, and what is held of the others. */
export interface Differences {
  adjudication_trigger: AdjudicationTrigger;
  /** Units by which the totals of a film may differ; only for the trigger "total". */
  adjudication_total: number | null;
  settling_rule: SettlingRule;
}

export interface StudyRound {
  id: number;
  number: number;
  kind: RoundKind;
  opens_at: string | null;
  places: number;
  committed: number;
  /** Second looks that are not ended yet. */
  looks: number;
}

/** How many readers read a film. All films of a patient go to the same readers. */
export interface Overlap {
  overlap: "all" | "some" | "double";
  readers_per_film: number | null;
  /** 0 to 1 */
  double_share: number | null;
  /** 0 to 0.5: films that come twice in a reader's order, unannounced. */
  repeat_share: number;
}

export interface Study extends Differences, Overlap, DeckAsked {
  id: number;
  name: string;
  chronology: Chronology;
  assist_mode: AssistMode;
  cervical_squaring: CervicalSquaring;
  missing_sites: MissingSites;
  finding_flags: boolean;
  films: number;
  readers: string[];
  adjudicators: string[];
  rounds: StudyRound[];
  /** The first grade is in: the design cannot be changed any more. */
  design_fixed: boolean;
  state: "open" | "closed" | "finished";
}

export interface StudyDetail extends Study {
  progress: ReaderProgress[];
  holds: Hold[];
}

/** Which ready films of the archive; everything that is given must fit. */
export interface FilmsAsked {
  centres: string[];
  scanners: string[];
  predicted: boolean | null;
  visited_from: string | null;
  visited_to: string | null;
  unread: boolean;
}

/** What a choice would give a study, and the centres and scanners that can be asked for. */
export interface FilmsFound {
  films: number;
  patients: number;
  places: number;
  centres: { name: string; films: number }[];
  scanners: { name: string; films: number }[];
}

export interface NewStudy extends FilmsAsked, Differences, Overlap {
  name: string;
  readers: string[];
  adjudicators: string[];
  region: Region | null;
  radiographs: "all" | number[];
  chronology: Chronology;
  rounds: { washout_days: number }[];
  assist_mode: AssistMode;
  cervical_squaring: CervicalSquaring;
  missing_sites: MissingSites;
  finding_flags: boolean;
  /** All three or none: what calibration is asked for before the first film. */
  gate_deck: number | null;
  gate_kappa: number | null;
  gate_films: number | null;
}

export type ConsensusRule = "agree" | "mean" | "median" | "adjudicated";

export interface ConsensusRules {
  rules: { rule: ConsensusRule; corners: number; mean_grade: number | null }[];
  /** Second rule minus first, on the corners and whole films that both settle. */
  pairs: {
    rules: [ConsensusRule, ConsensusRule];
    corners: number;
    equal: number;
    mean_difference: number | null;
    films: number;
    mean_total_difference: number | null;
  }[];
}

export interface RankedCorner {
  radiograph: number;
  site: SiteCode;
  score: number;
  reason: string;
  /** Of grades 0 to 3; none where the model could not see the disc. */
  p: number[] | null;
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

/** Change of each patient from the first to the last visit that both readers scored. */
export interface ScaleChange {
  scale: ScaleAgreement["scale"];
  n: number;
  icc: Icc;
  mean: number;
  sdc: number | null;
  /** Patients whose mean change is at least 2 units. */
  progressed: number;
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
  changes: ScaleChange[];
  kappa_quadratic: number | null;
  /** Resampled by patient; null with fewer than two patients. */
  kappa_ci95: [number, number] | null;
  corners: number;
}

export interface Agreement {
  study: { id: number; name: string };
  round: { id: number; number: number; kind: RoundKind } | null;
  readers: string[];
  films: number;
  pairs: PairAgreement[];
  all_readers: ScaleAgreement[];
  alpha_ordinal: number | null;
  /** A reader's hidden repeats beside the same reader's first reads. */
  repeats: PairAgreement[];
  /** Whom a second look changed, from committed ones. */
  second_looks: SecondLooks[];
}

/** One reader's second looks: corners that the model graded too. */
export interface SecondLooks {
  reader: string;
  films: number;
  corners: number;
  changed: number;
  to_model: number;
  /** With the model's grade before and after it was shown. */
  agreed_before: number;
  agreed_after: number;
}

// --- model versions ----------------------------------------------------------------------------

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
  snapshot_sha256: string | null;
  code_version: string;
  compared_with: { id: number; name: string; metrics: Record<string, unknown> } | null;
  /** The gate; empty before there was one. */
  comparison: Comparison | Record<string, never>;
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
  /** Train earlier, when so many corners of the study have a new consensus. */
  new_corners: number | null;
  readonly new_corners_now: number | null;
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
