/**
 * The figures of a model version as rows: known ones named and in a fixed order, others as they
 * come. The two accuracies of the literature are never printed under one name: the share of
 * corners graded right (0.832 in Koo et al. 2022), and the mean of four one-vs-rest accuracies
 * (0.916 for the same table).
 */

import { texts } from "../texts";
import type { Confusion } from "./confusion";

type Direction = "higher" | "lower" | "zero" | "none";
export type Verdict = "better" | "worse" | null;

export interface Figure {
  key: string;
  label: string;
  value: number;
  direction: Direction;
  whole: boolean;
}

export interface ComparedFigure extends Figure {
  other: number | null;
  difference: number | null;
  verdict: Verdict;
}

type Name = keyof typeof texts.office.modelVersions.figures;

/** Last word of the key -> name and direction, in the order of the table. */
const KNOWN: readonly [pattern: RegExp, name: Name, direction: Direction][] = [
  [/(^|\.)(multiclass_)?accuracy(_multiclass)?$/, "accuracy", "higher"],
  [/accuracy_ovr(_mean)?$|mean_accuracy$/, "accuracyOvr", "higher"],
  [/sensitivity$/, "sensitivity", "higher"],
  [/specificity$/, "specificity", "higher"],
  [/(^|\.)ppv$/, "ppv", "higher"],
  [/(^|\.)npv$/, "npv", "higher"],
  [/(^|\.)f1$/, "f1", "higher"],
  [/kappa(_quadratic)?$|quadratic_kappa$/, "kappa", "higher"],
  [/icc(\(2,1\)|_2_1|_total)?$/i, "icc", "higher"],
  [/bias$/, "bias", "zero"],
  [/(^|\.)mae$/, "mae", "lower"],
  [/false_total$/, "falseTotal", "lower"],
  [/within_2_?mm$/, "within2mm", "higher"],
  [/within_2_mm_by_readers$/, "within2mmByReaders", "higher"],
  [/off_by_a_level$/, "offByALevel", "lower"],
  [/median_error_mm$/, "medianError", "lower"],
  [/mean_error_in_disc_spacings$/, "spacingError", "lower"],
  [/mean_error(_mm)?$/, "meanError", "lower"],
  [/loss$/, "loss", "lower"],
  [/(^|\.)corners$/, "corners", "none"],
  [/(^|\.)discs$/, "discs", "none"],
  [/discs_by_model$/, "discsByModel", "none"],
  [/(^|\.)films$/, "films", "none"],
  [/(^|\.)patients$/, "patients", "none"],
];

/** All numbers of the record by dotted key. Lists (confusion, per grade, limits) are left out. */
function numbers(record: Record<string, unknown>, prefix = ""): [string, number][] {
  return Object.entries(record).flatMap(([key, value]): [string, number][] => {
    if (typeof value === "number" && Number.isFinite(value)) return [[prefix + key, value]];
    if (value && typeof value === "object" && !Array.isArray(value)) {
      return numbers(value as Record<string, unknown>, `${prefix}${key}.`);
    }
    return [];
  });
}

function described(key: string, value: number): Figure & { order: number } {
  const order = KNOWN.findIndex(([pattern]) => pattern.test(key));
  const [, name, direction] = KNOWN[order] ?? [];
  return {
    key,
    label: name
      ? texts.office.modelVersions.figures[name]
      : key.replaceAll(".", ", ").replaceAll("_", " "),
    value,
    direction: direction ?? "none",
    whole: Number.isInteger(value) && (direction ?? "none") === "none",
    order: order < 0 ? KNOWN.length : order,
  };
}

/** Two figures under one name would be ambiguous: the key tells them apart. */
function unambiguous<F extends Figure>(figures: F[]): F[] {
  const times = new Map<string, number>();
  for (const { label } of figures) times.set(label, (times.get(label) ?? 0) + 1);
  return figures.map((figure) =>
    (times.get(figure.label) ?? 0) > 1
      ? { ...figure, label: `${figure.label} (${figure.key.replaceAll("_", " ")})` }
      : figure,
  );
}

export function figures(metrics: Record<string, unknown>): Figure[] {
  const found = numbers(metrics).map(([key, value]) => described(key, value));
  return unambiguous(found.sort((a, b) => a.order - b.order));
}

const SAME = 0.0005;

function verdict(direction: Direction, value: number, other: number): Verdict {
  const gain = {
    higher: value - other,
    lower: other - value,
    zero: Math.abs(other) - Math.abs(value),
    none: 0,
  }[direction];
  if (Math.abs(gain) < SAME) return null;
  return gain > 0 ? "better" : "worse";
}

/** The candidate's figures, each with the other version's on the same patients. */
export function compared(
  metrics: Record<string, unknown>,
  other: Record<string, unknown> | null,
): ComparedFigure[] {
  const others = new Map(other ? numbers(other) : []);
  return figures(metrics).map((figure) => {
    const value = others.get(figure.key);
    if (value === undefined) return { ...figure, other: null, difference: null, verdict: null };
    return {
      ...figure,
      other: value,
      difference: figure.value - value,
      verdict: verdict(figure.direction, figure.value, value),
    };
  });
}

/** Whose points the figures of a key point network go by. */
export interface PointsTruth {
  discs: number;
  byReaders: number;
  withinByReaders: number | null;
}

/** Null where every point is known, or nothing is said of whose they are. */
export function pointsTruth(metrics: Record<string, unknown>): PointsTruth | null {
  const { discs, discs_by_model: byModel, within_2_mm_by_readers: within } = metrics;
  if (typeof discs !== "number" || typeof byModel !== "number" || byModel === 0) return null;
  return {
    discs,
    byReaders: discs - byModel,
    withinByReaders: typeof within === "number" ? within : null,
  };
}

const isRow = (row: unknown, size: number): row is number[] =>
  Array.isArray(row) && row.length === size && row.every((cell) => typeof cell === "number");

/** The 4 x 4 confusion table of the record, wherever it lies; null without one. */
export function confusionOf(metrics: Record<string, unknown>): Confusion | null {
  for (const [key, value] of Object.entries(metrics)) {
    if (key === "confusion" && Array.isArray(value) && value.every((row) => isRow(row, 4))) {
      return value as Confusion;
    }
    if (value && typeof value === "object" && !Array.isArray(value)) {
      const inside = confusionOf(value as Record<string, unknown>);
      if (inside) return inside;
    }
  }
  return null;
}
