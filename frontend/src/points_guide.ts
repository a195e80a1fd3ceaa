/** Guided clicks: all points of a film from nothing, two per disc, from the top down. Pure. */

import type { Point } from "./contract";
import type { DiscPoints } from "./viewer/corner_regions";

export interface Guide {
  /** The discs of the film, from the top down. */
  readonly discs: readonly string[];
  /** Which of them is asked for. */
  readonly at: number;
  /** Its centre, once clicked; then the anterior edge is asked for. */
  readonly center: Point | null;
}

/** Film pixels: a second click nearer than this is a double click and no anterior edge. */
const CLOSEST = 5;

export const begun = (discs: readonly string[]): Guide => ({ discs, at: 0, center: null });

export const wanted = ({ discs, at, center }: Guide) => ({
  disc: discs[at] as string,
  point: center ? ("anterior" as const) : ("center" as const),
});

/** A click on the film: the next question, null after the last, and the disc that is complete. */
export function clicked(
  guide: Guide,
  to: Point,
): { guide: Guide | null; placed: DiscPoints | null } {
  const { center } = guide;
  if (!center) return { guide: { ...guide, center: to }, placed: null };
  if (Math.hypot(to[0] - center[0], to[1] - center[1]) < CLOSEST) return { guide, placed: null };
  const placed = { disc: wanted(guide).disc, center, anterior: to };
  return { guide: passed(guide), placed };
}

/** On to the next disc; null after the last. */
export const passed = ({ discs, at }: Guide): Guide | null =>
  at + 1 < discs.length ? { discs, at: at + 1, center: null } : null;

/** One click back. What was placed stays until it is placed again. */
export const back = ({ discs, at, center }: Guide): Guide => ({
  discs,
  at: center ? at : Math.max(0, at - 1),
  center: null,
});
