/**
 * A decoded film and its half, quarter, ... sizes, so that a film shown small is averaged and
 * not skipped through: the thin cortical lines would break up otherwise. Pure.
 */

import type { Affine } from "./view";

export interface Level {
  readonly pixels: Uint16Array;
  readonly width: number;
  readonly height: number;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly levels: readonly Level[];
}

/** Below this the whole film is a thumbnail and a further half would not be shown. */
const SMALLEST = 192;

export function pyramid(pixels: Uint16Array, width: number, height: number): Picture {
  const levels: Level[] = [{ pixels, width, height }];
  let last = levels[0] as Level;
  while (Math.min(last.width, last.height) >= 2 * SMALLEST) {
    last = halved(last);
    levels.push(last);
  }
  return { width, height, levels };
}

/** Mean of each 2 x 2 block; an odd last row or column is dropped. */
function halved({ pixels, width, height }: Level): Level {
  const [w, h] = [width >> 1, height >> 1];
  const out = new Uint16Array(w * h);
  for (let y = 0; y < h; y++) {
    let from = 2 * y * width;
    for (let x = 0, to = y * w; x < w; x++, to++, from += 2) {
      const below = from + width;
      const sum =
        (pixels[from] as number) +
        (pixels[from + 1] as number) +
        (pixels[below] as number) +
        (pixels[below + 1] as number);
      out[to] = (sum + 2) >> 2;
    }
  }
  return { pixels: out, width: w, height: h };
}

/** The level to sample when one output pixel covers `filmPixels` film pixels. */
export function levelFor(picture: Picture, filmPixels: number): number {
  const wanted = Math.round(Math.log2(Math.max(1, filmPixels)));
  return Math.min(picture.levels.length - 1, wanted);
}

/** Film coordinates -> coordinates of a level: pixel centres stay at integers. */
export function onLevel([a, b, c, d, e, f]: Affine, level: number): Affine {
  const k = 2 ** -level;
  const shift = 0.5 * k - 0.5;
  return [a * k, b * k, c * k, d * k, e * k + shift, f * k + shift];
}

export interface Sampled {
  readonly values: Uint16Array;
  /** Per row the first and one past the last column inside the film. */
  readonly spans: Int32Array;
}

/**
 * Bilinear samples of the film on rows `from` to `to` of a raster. `toFilm` maps raster pixel
 * centres (integers) to film coordinates. Values outside the film stay as they were; `spans` tells
 * which are inside.
 */
export function resample(
  picture: Picture,
  toFilm: Affine,
  size: { width: number; height: number },
  into: Sampled,
  from = 0,
  to = size.height,
): void {
  const filmPixels = Math.sqrt(Math.abs(toFilm[0] * toFilm[3] - toFilm[1] * toFilm[2]));
  const index = levelFor(picture, filmPixels);
  const level = picture.levels[index] as Level;
  const map = onLevel(toFilm, index);
  for (let row = from; row < to; row++) {
    const [start, end] = rowSpan(map, row, level, size.width);
    into.spans[2 * row] = start;
    into.spans[2 * row + 1] = end;
    sampleRow(level, map, row, start, end, into.values, row * size.width);
  }
}

export const emptySamples = (width: number, height: number): Sampled => ({
  values: new Uint16Array(width * height),
  spans: new Int32Array(2 * height),
});

/** Columns [start, end) of a row that lie on the film. */
function rowSpan(map: Affine, row: number, level: Level, width: number): [number, number] {
  let [start, end] = [0, width];
  const narrow = (slope: number, offset: number, low: number, high: number) => {
    if (Math.abs(slope) < 1e-12) {
      if (offset < low || offset > high) end = start;
      return;
    }
    const [p, q] = [(low - offset) / slope, (high - offset) / slope];
    start = Math.max(start, Math.ceil(Math.min(p, q)));
    end = Math.min(end, Math.floor(Math.max(p, q)) + 1);
  };
  narrow(map[0], map[2] * row + map[4], -0.5, level.width - 0.5);
  narrow(map[1], map[3] * row + map[5], -0.5, level.height - 0.5);
  return start < end ? [start, end] : [0, 0];
}

function sampleRow(
  { pixels, width, height }: Level,
  map: Affine,
  row: number,
  start: number,
  end: number,
  out: Uint16Array,
  to: number,
): void {
  let u = map[0] * start + map[2] * row + map[4];
  let v = map[1] * start + map[3] * row + map[5];
  const [lastX, lastY] = [width - 1, height - 1];
  for (let column = start; column < end; column++, u += map[0], v += map[1]) {
    const x = u < 0 ? 0 : u > lastX ? lastX : u;
    const y = v < 0 ? 0 : v > lastY ? lastY : v;
    const [x0, y0] = [x | 0, y | 0];
    const [fx, fy] = [x - x0, y - y0];
    const at = y0 * width + x0;
    const right = x0 < lastX ? 1 : 0;
    const below = y0 < lastY ? width : 0;
    const p = pixels[at] as number;
    const q = pixels[at + below] as number;
    const top = p + fx * ((pixels[at + right] as number) - p);
    const bottom = q + fx * ((pixels[at + right + below] as number) - q);
    out[to + column] = top + fy * (bottom - top) + 0.5;
  }
}
