/**
 * Where the film is on the screen, and back. Pure.
 *
 * Film coordinates are (x, y) in film pixels, pixel centres at integers, so a film covers
 * -0.5 .. width - 0.5. Screen coordinates are CSS pixels from the pane's upper left corner.
 */

export type Point = readonly [x: number, y: number];

/** x' = a x + c y + e, y' = b x + d y + f: the order of canvas and SVG. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export interface Size {
  width: number;
  height: number;
}

export interface View {
  /** The film point in the middle of the pane. */
  readonly center: Point;
  /** CSS pixels per film pixel. */
  readonly scale: number;
  /** Turn of the film on the screen, radians, clockwise. */
  readonly angle: number;
  /** The film is flipped left to right before it is turned. */
  readonly mirrored: boolean;
}

const LEAST_SCALE = 0.01;
const MOST_SCALE = 40;

export function filmToScreen(view: View, pane: Size): Affine {
  const cos = view.scale * Math.cos(view.angle);
  const sin = view.scale * Math.sin(view.angle);
  const flip = view.mirrored ? -1 : 1;
  const [a, b, c, d] = [cos * flip, sin * flip, -sin, cos];
  const [x, y] = view.center;
  return [a, b, c, d, pane.width / 2 - a * x - c * y, pane.height / 2 - b * x - d * y];
}

export function inverse([a, b, c, d, e, f]: Affine): Affine {
  const det = a * d - b * c;
  return [d / det, -b / det, -c / det, a / det, (c * f - d * e) / det, (b * e - a * f) / det];
}

export const apply = ([a, b, c, d, e, f]: Affine, [x, y]: Point): Point => [
  a * x + c * y + e,
  b * x + d * y + f,
];

export const toScreen = (view: View, pane: Size, point: Point): Point =>
  apply(filmToScreen(view, pane), point);

export const toFilm = (view: View, pane: Size, point: Point): Point =>
  apply(inverse(filmToScreen(view, pane)), point);

/** The nearest point of the film: what is dragged over its border stays on it. */
export const onFilm = ({ width, height }: Size, [x, y]: Point): Point => [
  Math.min(width - 1, Math.max(0, x)),
  Math.min(height - 1, Math.max(0, y)),
];

/** Pixel centres (integers) of a canvas `width` pixels wide that fills the pane -> film. */
export function rasterOf(view: View, pane: Size, width: number): Affine {
  const [a, b, c, d, e, f] = inverse(filmToScreen(view, pane));
  const k = pane.width / width;
  const half = k / 2;
  return [a * k, b * k, c * k, d * k, a * half + c * half + e, b * half + d * half + f];
}

/** How a film stands on the screen: turned, and flipped before. */
export type Stand = Pick<View, "angle" | "mirrored">;

export const UPRIGHT: Stand = { angle: 0, mirrored: false };

/** The whole film in the pane, as it is to stand, with a little air. */
export function fit(film: Size, pane: Size, margin = 8, stand = UPRIGHT): View {
  const [cos, sin] = [Math.abs(Math.cos(stand.angle)), Math.abs(Math.sin(stand.angle))];
  const across = Math.max(1, pane.width - 2 * margin) / (cos * film.width + sin * film.height);
  const along = Math.max(1, pane.height - 2 * margin) / (sin * film.width + cos * film.height);
  return {
    center: [(film.width - 1) / 2, (film.height - 1) / 2],
    scale: Math.min(across, along),
    ...stand,
  };
}

/**
 * One film pixel on one pixel of the display, `ratio` display pixels to a CSS pixel, and the two
 * grids laid on each other: half a pixel beside it every film pixel would be blurred.
 */
export function atPixels(view: View, pane: Size, ratio: number): View {
  const sized = { ...view, scale: 1 / ratio };
  const half = 0.5 / ratio;
  const [x, y] = toFilm(sized, pane, [half, half]); // centre of the first pixel of the display
  const center: Point = [sized.center[0] + Math.round(x) - x, sized.center[1] + Math.round(y) - y];
  return { ...sized, center };
}

/** Zoom so that the film point under `at` stays under it. */
export function zoomAt(view: View, pane: Size, at: Point, factor: number): View {
  const scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, view.scale * factor));
  return holding({ ...view, scale }, pane, at, toFilm(view, pane, at));
}

/** Move the film with the hand: `dx`, `dy` in CSS pixels. */
export function pan(view: View, pane: Size, dx: number, dy: number): View {
  const center = toFilm(view, pane, [pane.width / 2 - dx, pane.height / 2 - dy]);
  return { ...view, center };
}

/** Turn about the middle of the pane. */
export const rotate = (view: View, radians: number): View => ({
  ...view,
  angle: normal(view.angle + radians),
});

/** Flip left to right as seen on the screen. */
export const flip = (view: View): View => ({
  ...view,
  mirrored: !view.mirrored,
  angle: normal(-view.angle),
});

/** True when the film does not stand as it was stored; then the pane must say so. */
export const isTurned = (view: View): boolean => view.mirrored || Math.abs(view.angle) > 1e-9;

/** The view in which `film` lies under the screen point `at`. */
function holding(view: View, pane: Size, at: Point, film: Point): View {
  const [x, y] = toFilm(view, pane, at);
  return { ...view, center: [view.center[0] + film[0] - x, view.center[1] + film[1] - y] };
}

function normal(angle: number): number {
  const turn = 2 * Math.PI;
  const wrapped = ((((angle + Math.PI) % turn) + turn) % turn) - Math.PI;
  return Math.abs(wrapped) < 1e-12 ? 0 : wrapped;
}
