/** Arithmetic on a square table of corner grades (rows: first reader or truth, columns: other). */

export type Confusion = readonly (readonly number[])[];

export interface ConfusionCell {
  count: number;
  /** Share of the row: of the corners that got this row's grade, how many got the column's. */
  share: number;
  /** 0 (nothing) to 8 (the whole row): the step of the shading. */
  shade: number;
  agrees: boolean;
}

const SHADES = 8;

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

/** Cells with row shares; an empty row has shares of 0, not NaN. */
export function confusionCells(table: Confusion): ConfusionCell[][] {
  return table.map((row, actual) => {
    const whole = sum(row);
    return row.map((count, other) => {
      const share = whole > 0 ? count / whole : 0;
      return {
        count,
        share,
        shade: count > 0 ? Math.max(1, Math.round(share * SHADES)) : 0,
        agrees: actual === other,
      };
    });
  });
}

/** Number of corners in the table. */
export function cornersCompared(table: Confusion): number {
  return sum(table.map(sum));
}

/** Share of corners on the diagonal; null for an empty table (undefined, neither 0 nor 1). */
export function exactAgreement(table: Confusion): number | null {
  const all = cornersCompared(table);
  return all > 0 ? sum(table.map((row, i) => row[i] ?? 0)) / all : null;
}

/** Share of corners whose two grades lie two or more apart; null for an empty table. */
export function farApart(table: Confusion): number | null {
  const all = cornersCompared(table);
  if (all === 0) return null;
  return sum(table.map((row, i) => sum(row.filter((_, j) => Math.abs(i - j) >= 2)))) / all;
}
