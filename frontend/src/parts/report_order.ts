/** The order of a report's rows: the database keeps no order of keys. */

import type { Stratum } from "../contract";
import { DISCS } from "../msasss";

const SCALES = ["mSASSS", "cervical", "lumbar"];

/** The whole score first, then its segments, whichever are there. */
export function scalesOf<T>(scores: Record<string, T>): [string, T][] {
  return SCALES.flatMap((scale): [string, T][] => {
    const found = scores[scale];
    return found === undefined ? [] : [[scale, found]];
  });
}

const places: readonly string[] = [...DISCS.C, ...DISCS.L];

/** Levels down the spine, everything else by name. */
export const inOrder = (rows: readonly Stratum[]): Stratum[] =>
  rows.toSorted(
    (a, b) => places.indexOf(a.name) - places.indexOf(b.name) || a.name.localeCompare(b.name),
  );
