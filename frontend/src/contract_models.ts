/** The shapes of a model's report and of the gate, as `training.grade_report` writes them. */

type Interval = readonly [number, number] | null;

export interface ComparedFigure {
  name: string;
  better: "higher" | "lower";
  candidate: number | null;
  candidate_ci95: Interval;
  serving: number | null;
  difference: number | null;
  /** Of the paired difference. */
  ci95: Interval;
}

export interface Comparison {
  figures: ComparedFigure[];
  /** The figure that decides the verdict. */
  decisive: string;
  margin: number;
  verdict: "better" | "worse" | "not_worse" | "open" | "unknown";
  sentence: string;
  patients: number;
}

type GradeShares = "sensitivity" | "specificity" | "ppv" | "npv" | "f1" | "accuracy_ovr";

export interface GradeRow extends Record<GradeShares, number | null> {
  grade: number;
  tp: number;
  tn: number;
  fp: number;
  fn: number;
  ci95: Record<GradeShares, Interval>;
}

export interface ConfusedPair {
  pair: readonly [number, number];
  a_as_b: number;
  b_as_a: number;
  share_of_errors: number | null;
  rate: number | null;
}

export interface ScoreFigures {
  n: number;
  icc?: number | null;
  icc_ci95?: Interval;
  bias?: number;
  bias_ci95?: Interval;
  limits?: Interval;
  mae?: number;
  false_total?: number | null;
}

export interface ScaleScores extends ScoreFigures {
  change: ScoreFigures;
}

export interface RaterPair {
  raters: readonly [string, string];
  corners: number;
  multiclass_accuracy: number | null;
  accuracy_ci95: Interval;
  kappa_quadratic: number | null;
  kappa_ci95: Interval;
  scores: Record<string, ScaleScores>;
}

export interface Stratum {
  name: string;
  corners: number;
  patients: number;
  multiclass_accuracy: number | null;
  accuracy_ci95: Interval;
  kappa_quadratic: number | null;
  kappa_ci95: Interval;
  sensitivity: (number | null)[];
  bias: number;
}

export interface ReliabilityBin {
  corners: number;
  said: number;
  found: number;
}

export interface Calibration {
  corners: number;
  brier: number;
  brier_ci95: Interval;
  ece: number;
  ece_ci95: Interval;
  log_loss: number;
  /** Per grade. */
  reliability: ReliabilityBin[][];
}

export interface PatientScore {
  patient: string;
  scale: string;
  /** Days since the first visit, true score, model's score. */
  visits: (readonly [number, number, number])[];
  /** True, model's. */
  change: readonly [number, number] | null;
}

/** A grader's figures; versions that were measured before there was a report have fewer. */
export interface GradeReport {
  corners?: number;
  /** True grade (rows) by predicted grade. */
  confusion?: readonly (readonly number[])[];
  resamples?: { patients: number; replicates: number };
  multiclass_accuracy?: number | null;
  kappa_quadratic?: number | null;
  mean?: Record<GradeShares, number | null>;
  ci95?: {
    multiclass_accuracy: Interval;
    kappa_quadratic: Interval;
    mean: Record<GradeShares, Interval>;
  };
  per_grade?: GradeRow[];
  confusion_pairs?: ConfusedPair[];
  scores?: Record<string, ScaleScores>;
  readers?: { model: RaterPair[]; readers: RaterPair[] };
  calibration?: { before: Calibration | null; after: Calibration };
  strata?: Record<"level" | "centre" | "scanner" | "device", Stratum[]>;
  per_patient?: PatientScore[];
}

export interface ModelReport {
  id: number;
  name: string;
  metrics: GradeReport;
}

/** Within which bounds a study's scheduled candidates serve without a person. */
export interface PromotionBounds {
  enabled: boolean;
  most_kappa_lost: number;
  least_recall_2: number;
  most_bias: number;
  least_patients: number;
}
