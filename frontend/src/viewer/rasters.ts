/**
 * Samples made before they are asked for: the other levels of a film, and the next film as it will
 * first be shown. What was sampled ahead is painted by one look-up per pixel.
 */

import { cancelIdle, whenIdle } from "./idle";
import { emptySamples, resample, type Picture, type Sampled } from "./picture";
import type { Affine, Size } from "./view";

export interface Wanted {
  picture: Picture;
  toFilm: Affine;
}

interface Raster {
  picture: Picture;
  toFilm: Affine;
  size: Size;
  samples: Sampled;
  /** Rows that are done; a raster is whole when all are. */
  rows: number;
}

/** Rows at a time, about half a millisecond: a key must not wait for what nobody sees yet. */
const STEP = 24;
/** The browser says how long it is idle; less than this is not begun with. */
const LEAST_MS = 2;

export class Rasters {
  private rasters: Raster[] = [];
  private waiting = 0;

  /** Make these, in this order, when nothing else is to do; any others are let go. */
  want(wanted: readonly Wanted[], { width, height }: Size): void {
    this.rasters = wanted.map(({ picture, toFilm }) => {
      const made = this.rasters.find((raster) => isOf(raster, picture, toFilm, width, height));
      const samples = made?.samples ?? emptySamples(width, height);
      return made ?? { picture, toFilm, size: { width, height }, samples, rows: 0 };
    });
    this.goOn();
  }

  /** The samples, if they are ready. */
  find(picture: Picture, toFilm: Affine, { width, height }: Size): Sampled | null {
    const found = this.rasters.find((raster) => isOf(raster, picture, toFilm, width, height));
    return found && found.rows === height ? found.samples : null;
  }

  stop(): void {
    cancelIdle(this.waiting);
    this.rasters = [];
  }

  private goOn(): void {
    cancelIdle(this.waiting);
    const next = this.rasters.find((raster) => raster.rows < raster.size.height);
    if (next) this.waiting = whenIdle((left) => this.work(next, left));
  }

  private work(raster: Raster, left: () => number): void {
    const { picture, toFilm, size, samples } = raster;
    while (raster.rows < size.height && left() > LEAST_MS) {
      const end = Math.min(size.height, raster.rows + STEP);
      resample(picture, toFilm, size, samples, raster.rows, end);
      raster.rows = end;
    }
    this.goOn();
  }
}

function isOf(
  raster: Raster,
  picture: Picture,
  toFilm: Affine,
  width: number,
  height: number,
): boolean {
  const sameSize = raster.size.width === width && raster.size.height === height;
  return (
    sameSize && raster.picture === picture && raster.toFilm.every((value, i) => value === toFilm[i])
  );
}
