/**
 * The levels of a film were counted wrong: its grades and its points move by one disc, up or down
 * the spine. Pure; the server moves the grades by the same rule (annotation/services/ledger.py).
 */

import type { Disc, Marks } from "./contract";
import { siteOf, type SiteCode } from "./msasss";
import { guessed, type DiscPoints } from "./viewer/corner_regions";
import type { Size } from "./viewer/view";

export type Towards = "cranial" | "caudal";

const CORNERS_OF_A_DISC = 2;

export const opposite = (towards: Towards): Towards =>
  towards === "cranial" ? "caudal" : "cranial";

/** Of `sites`, from the top down. What moves off the last disc stands no more. */
export function shiftedMarks(sites: readonly SiteCode[], marks: Marks, towards: Towards): Marks {
  const step = towards === "caudal" ? CORNERS_OF_A_DISC : -CORNERS_OF_A_DISC;
  const moved: Marks = {};
  sites.forEach((site, place) => {
    const source = sites[place - step];
    const mark = source === undefined ? undefined : marks[source];
    if (mark) moved[site] = mark;
  });
  return moved;
}

/** The graded corners whose grade has no place on the film after the move. */
export function droppedMarks(
  sites: readonly SiteCode[],
  marks: Marks,
  towards: Towards,
): SiteCode[] {
  const end =
    towards === "caudal" ? sites.slice(-CORNERS_OF_A_DISC) : sites.slice(0, CORNERS_OF_A_DISC);
  return end.filter((site) => marks[site]);
}

/** The discs of `sites` from the top down, and the one that the move leaves without a grade. */
export function movedDiscs(
  sites: readonly SiteCode[],
  towards: Towards,
): { from: string; to: string }[] {
  const discs = [...new Set(sites.map((site) => siteOf(site).disc))];
  const step = towards === "caudal" ? 1 : -1;
  return discs.flatMap((from, place) => {
    const to = discs[place + step];
    return to ? [{ from, to }] : [];
  });
}

/**
 * Where the points of the discs stand after the move: each disc takes those of its neighbour. The
 * disc left behind is guessed from the others, for the reader to drag or to mark as off the film.
 */
export function shiftedPoints(
  discs: readonly Disc[],
  sites: readonly SiteCode[],
  towards: Towards,
  film: Size,
): DiscPoints[] {
  const moves = movedDiscs(sites, towards);
  const moved = moves.flatMap(({ from, to }): DiscPoints[] => {
    const points = discs.find((disc) => disc.disc === from);
    return points ? [{ disc: to, center: points.center, anterior: points.anterior }] : [];
  });
  if (moved.length === 0) return [];
  const stale = discs
    .map((disc) => disc.disc)
    .filter((name) => !moved.some((m) => m.disc === name));
  return [...moved, ...stale.map((name) => guessed(name, moved, film))];
}
