/** The gate: may a candidate be told from what serves, in one figure? */

import type { ComparedFigure } from "../contract";

/** Better or worse where the paired interval leaves 0 out; null where it does not. */
export function betterThan({ ci95, better }: ComparedFigure): "better" | "worse" | null {
  if (!ci95) return null;
  const [low, high] = ci95;
  if (low > 0) return better === "higher" ? "better" : "worse";
  if (high < 0) return better === "higher" ? "worse" : "better";
  return null;
}
