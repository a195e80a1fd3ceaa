/** A reliability diagram: probability said (x) against share found (y), both 0 to 1. */

import type { ReliabilityBin } from "../contract";

/** The side of the diagram in its own units. */
export const SIDE = 100;

/** Bins of fewer corners are left out: a share of three corners is no share. */
const LEAST = 5;

/** The polyline through the bins as an SVG path, y upwards. */
export function path(bins: readonly ReliabilityBin[]): string {
  return bins
    .filter((bin) => bin.corners >= LEAST)
    .map(
      ({ said, found }, i) =>
        `${i === 0 ? "M" : "L"}${(said * SIDE).toFixed(1)} ${((1 - found) * SIDE).toFixed(1)}`,
    )
    .join(" ");
}
