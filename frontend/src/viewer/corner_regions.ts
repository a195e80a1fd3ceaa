/**
 * The level crop as a view of the film: the same geometry as inference/corner_regions.py.
 *
 * A crop shows one disc, its axis level, the anterior side LEFT and the cranial side UP, however
 * the film faces or lies. S is the median distance of neighbouring disc centres.
 */

import { DISCS } from "../msasss";
import type { Point, Size, View } from "./view";

export interface DiscPoints {
  disc: string;
  center: Point;
  anterior: Point;
}

/** Side of the crop in S: wider than the grader's 1.3, because a reader wants to see the walls. */
export const EXTENT = 1.6;
/** Crop centre on the way from the disc centre (0) to the anterior point (1), as in crop/1. */
const SHIFT = 0.75;
/** From the middle of the disc's anterior edge to each of the two facing corners, in S. */
export const CORNER_OFFSET = 0.13;

const LEVEL = new Map(Object.values(DISCS).flatMap((names) => names.map((name, i) => [name, i])));
const levelOf = (disc: DiscPoints) => LEVEL.get(disc.disc) ?? 0;
const inOrder = (discs: readonly DiscPoints[]) =>
  [...discs].sort((a, b) => levelOf(a) - levelOf(b));
const step = (from: Point, to: Point): Point => [to[0] - from[0], to[1] - from[1]];
const cross = (a: Point, b: Point) => a[0] * b[1] - a[1] * b[0];
export const distance = (a: Point, b: Point) => Math.hypot(b[0] - a[0], b[1] - a[1]);

/** S in film pixels; a lone disc falls back to its own depth (about 0.45 S). Null with no disc. */
export function discSpacing(discs: readonly DiscPoints[]): number | null {
  const ordered = inOrder(discs);
  const gaps = ordered
    .slice(1)
    .flatMap((disc, i) => {
      const above = ordered[i] as DiscPoints;
      return levelOf(disc) - levelOf(above) === 1 ? [distance(above.center, disc.center)] : [];
    })
    .sort((a, b) => a - b);
  if (gaps.length > 0) return median(gaps);
  const lone = ordered[0];
  return lone ? distance(lone.center, lone.anterior) / 0.45 : null;
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const high = sorted[middle] as number;
  return sorted.length % 2 ? high : ((sorted[middle - 1] as number) + high) / 2;
}

/** True when the anterior side is on the right of a film held cranial side up. */
export function isMirrored(discs: readonly DiscPoints[]): boolean {
  const ordered = inOrder(discs);
  const [first, last] = [ordered[0], ordered.at(-1)];
  if (!first || !last) return false;
  if (first === last) return first.anterior[0] > first.center[0];
  const down = step(first.center, last.center);
  return ordered.reduce((sum, disc) => sum + cross(step(disc.center, disc.anterior), down), 0) > 0;
}

/** Unit vectors of a disc in the film: `back` runs posterior, `down` caudal. */
export function axes(disc: DiscPoints, mirrored: boolean): { back: Point; down: Point } {
  const depth = distance(disc.center, disc.anterior) || 1;
  const back: Point = [
    (disc.center[0] - disc.anterior[0]) / depth,
    (disc.center[1] - disc.anterior[1]) / depth,
  ];
  const sign = mirrored ? -1 : 1;
  return { back, down: [-sign * back[1], sign * back[0]] };
}

/** The view of the film that is the level crop of one disc. */
export function levelView(
  disc: DiscPoints,
  discs: readonly DiscPoints[],
  pane: Size,
  extent = EXTENT,
): View {
  const mirrored = isMirrored(discs);
  const { back } = axes(disc, mirrored);
  const spacing = discSpacing(discs) ?? 100;
  return {
    center: [
      disc.center[0] + SHIFT * (disc.anterior[0] - disc.center[0]),
      disc.center[1] + SHIFT * (disc.anterior[1] - disc.center[1]),
    ],
    scale: Math.min(pane.width, pane.height) / (extent * spacing),
    angle: Math.atan2(-back[1], back[0] * (mirrored ? -1 : 1)),
    mirrored,
  };
}

/** About where a corner lies: beside the anterior point, towards its vertebra. */
export function cornerPoint(
  disc: DiscPoints,
  side: "cranial" | "caudal",
  discs: readonly DiscPoints[],
): { at: Point; outward: Point } {
  const { back, down } = axes(disc, isMirrored(discs));
  const offset = (discSpacing(discs) ?? 100) * CORNER_OFFSET * (side === "cranial" ? -1 : 1);
  return {
    at: [disc.anterior[0] + down[0] * offset, disc.anterior[1] + down[1] * offset],
    outward: [-back[0], -back[1]],
  };
}

/** A first guess for a level without points, for the reader to drag into place. */
export function guessed(name: string, discs: readonly DiscPoints[], film: Size): DiscPoints {
  const level = LEVEL.get(name) ?? 0;
  const ordered = inOrder(discs);
  const at = (offset: number) => ordered.find((disc) => levelOf(disc) === level + offset);
  for (const way of [-1, 1]) {
    const [near, far] = [at(way), at(2 * way)];
    if (near && far) return shifted(name, near, step(far.center, near.center));
  }
  const nearest = at(-1) ?? at(1);
  if (nearest) {
    const gap = discSpacing(discs) ?? film.height / 8;
    return shifted(name, nearest, [0, levelOf(nearest) < level ? gap : -gap]);
  }
  const center: Point = [film.width / 2, (film.height * (level + 1.5)) / 8];
  return { disc: name, center, anterior: [center[0] - film.width / 12, center[1]] };
}

const shifted = (disc: string, from: DiscPoints, by: Point): DiscPoints => ({
  disc,
  center: [from.center[0] + by[0], from.center[1] + by[1]],
  anterior: [from.anterior[0] + by[0], from.anterior[1] + by[1]],
});
