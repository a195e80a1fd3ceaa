/** The window that suits what a pane shows of a film. */

import { emptySamples, resample, type Picture } from "./picture";
import { filmToScreen, inverse, type Affine, type Size, type View } from "./view";
import { percentileWindow, type Window } from "./windowing";

const SIDE = 128;
/** Windows that were worked out before: the same crop is shown again and again. */
const MOST = 64;
const known = new WeakMap<Picture, Map<string, Window>>();

/** From what the pane shows of the film, its outermost half per cent left aside. */
export function automaticWindow(picture: Picture, view: View, pane: Size): Window {
  const [a, b, c, d, e, f] = inverse(filmToScreen(view, pane));
  const [stepX, stepY] = [pane.width / SIDE, pane.height / SIDE];
  const raster: Affine = [a * stepX, b * stepX, c * stepY, d * stepY, e, f];
  const windows = known.get(picture) ?? new Map<string, Window>();
  known.set(picture, windows);
  const key = raster.join(" ");
  const window = windows.get(key) ?? percentileWindow(samplesOf(picture, raster));
  if (windows.size >= MOST) windows.clear(); // a point is dragged: each step is a view of its own
  windows.set(key, window);
  return window;
}

function samplesOf(picture: Picture, raster: Affine): Uint16Array {
  const samples = emptySamples(SIDE, SIDE);
  resample(picture, raster, { width: SIDE, height: SIDE }, samples);
  const inside = new Uint16Array(SIDE * SIDE);
  let found = 0;
  for (let row = 0; row < SIDE; row++) {
    const [start, end] = [samples.spans[2 * row] as number, samples.spans[2 * row + 1] as number];
    inside.set(samples.values.subarray(row * SIDE + start, row * SIDE + end), found);
    found += end - start;
  }
  return inside.subarray(0, found);
}
