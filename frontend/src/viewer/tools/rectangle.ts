/**
 * Areas of a film: drawn by a drag, moved and stretched by keys. Pure, save `onRectangle`.
 *
 * idle -> drawing (left button, one finger, pen, while the tool is on) -> idle, drawn
 *         drawing -> idle, dropped: the press was taken away
 */

import { onFilm, toFilm, toScreen, type Point, type Size, type View } from "../view";

/** Whole film pixels, `left` to `left + width - 1`, as the server counts them. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** From one pixel to another, both in it, whatever lies beyond the film's edge left aside. */
export function between(one: Point, other: Point, film: Size): Rectangle {
  const [x, y] = onFilm(film, one).map(Math.round) as [number, number];
  const [u, v] = onFilm(film, other).map(Math.round) as [number, number];
  const [left, top] = [Math.min(x, u), Math.min(y, v)];
  return { left, top, width: Math.abs(u - x) + 1, height: Math.abs(v - y) + 1 };
}

/** Where it is on the pane, in CSS pixels, in a view that is turned by quarters. */
export function boxOf({ left, top, width, height }: Rectangle, view: View, pane: Size): Rectangle {
  const [x, y] = toScreen(view, pane, [left - 0.5, top - 0.5]);
  const [u, v] = toScreen(view, pane, [left + width - 0.5, top + height - 0.5]);
  return {
    left: Math.min(x, u),
    top: Math.min(y, v),
    width: Math.abs(u - x),
    height: Math.abs(v - y),
  };
}

/**
 * Moved on the pane by `by` CSS pixels along one of its sides, at least by one film pixel; or, when
 * it `stretches`, only its right or lower side is.
 */
export function nudged(
  own: Rectangle,
  view: View,
  pane: Size,
  film: Size,
  by: Point,
  stretches: boolean,
): Rectangle {
  const way: Point = by[0] ? [1, 0] : [0, 1];
  const [ahead, far] = [along(way, view, pane), along(by, view, pane)];
  let [left, top] = [own.left, own.top];
  let [right, bottom] = [left + own.width - 1, top + own.height - 1];
  const [dx, dy] = [atLeastOne(far[0], film.width), atLeastOne(far[1], film.height)];
  if (!stretches) {
    const x = Math.max(-left, Math.min(film.width - 1 - right, dx));
    const y = Math.max(-top, Math.min(film.height - 1 - bottom, dy));
    return { ...own, left: left + x, top: top + y };
  }
  if (ahead[0] > 0) right = Math.max(left, right + dx);
  else left = Math.min(right, left + dx);
  if (ahead[1] > 0) bottom = Math.max(top, bottom + dy);
  else top = Math.min(bottom, top + dy);
  return between([left, top], [right, bottom], film);
}

function along(by: Point, view: View, pane: Size): Point {
  const [x, y] = toFilm(view, pane, [0, 0]);
  const [u, v] = toFilm(view, pane, by);
  return [u - x, v - y];
}

/** Whole pixels; a side across the way, whose share is but rounding, stays. */
function atLeastOne(share: number, side: number): number {
  if (Math.abs(share) < 1e-9 * side) return 0;
  return Math.sign(share) * Math.max(1, Math.round(Math.abs(share)));
}

// --- drawing -----------------------------------------------------------------------------------

/** CSS pixels: a shorter drag is a click that trembled. */
const LEAST = 4;

export type Drawing = { name: "idle" } | { name: "drawing"; id: number; from: Point };

export interface DrawEvent {
  type: "down" | "move" | "up" | "cancel";
  id: number;
  at: Point;
  /** 0 left; as in PointerEvent */
  button: number;
  /** On a button that lies over the film. */
  over: boolean;
}

/** A drag from here to here, or the end of one that drew nothing. */
export type Drawn = { from: Point; to: Point; done: boolean } | null;

export const IDLE: Drawing = { name: "idle" };

/** The next state, and what was drawn; undefined when the event is none of the tool's. */
export function step(drawing: Drawing, on: boolean, event: DrawEvent): [Drawing, Drawn?] {
  const { type, id, at } = event;
  if (drawing.name === "idle") {
    const begins = on && type === "down" && event.button === 0 && !event.over;
    return begins ? [{ name: "drawing", id, from: at }, null] : [drawing];
  }
  if (drawing.id !== id) return [drawing];
  const { from } = drawing;
  if (type === "move") return [drawing, { from, to: at, done: false }];
  const far = Math.min(Math.abs(at[0] - from[0]), Math.abs(at[1] - from[1])) >= LEAST;
  return [IDLE, type === "up" && far ? { from, to: at, done: true } : null];
}

/** Takes the drags from the hand that would move the film, while `on()`. */
export function onRectangle(
  host: HTMLElement,
  on: () => boolean,
  drawn: (what: Drawn) => void,
  signal: AbortSignal,
): void {
  let drawing = IDLE;
  const listen = (name: "pointerdown" | "pointermove" | "pointerup" | "pointercancel") =>
    host.addEventListener(
      name,
      (event) => {
        const box = host.getBoundingClientRect();
        const [next, what] = step(drawing, on(), {
          type: name.slice("pointer".length) as DrawEvent["type"],
          id: event.pointerId,
          at: [event.clientX - box.left, event.clientY - box.top],
          button: event.button,
          over: !!(event.target as Element).closest("button"),
        });
        drawing = next;
        if (what === undefined) return;
        event.stopPropagation();
        if (name === "pointerdown") host.setPointerCapture(event.pointerId);
        drawn(what);
      },
      { signal, capture: true },
    );
  listen("pointerdown");
  listen("pointermove");
  listen("pointerup");
  listen("pointercancel");
}
