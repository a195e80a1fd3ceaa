/** Hands on a pane: what pointers and the wheel do there becomes pan, zoom and window. */

import { IDLE, step, type Effect } from "./tools/hand";
import { pan, zoomAt, type Point, type Size, type View } from "./view";
import { dragged, type Window } from "./windowing";

const WHEEL_STEP = 1.0015;
const PIXELS_A_LINE = 33;

/** What hands move. */
interface Movable {
  readonly view: View;
  readonly pane: Size;
  readonly window: Window;
  readonly windowMode: boolean;
  readonly home: (at?: Point) => void;
  setView(view: View): void;
  setWindow(window: Window): void;
  zoom(factor: number, at: Point): void;
}

export function onHands(
  host: HTMLElement,
  viewer: Movable,
  onwindow: (window: Window) => void,
  signal: AbortSignal,
): void {
  let hand = IDLE;
  const on = <K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (event: HTMLElementEventMap[K]) => void,
  ) => host.addEventListener(type, listener, { signal, passive: false });

  const at = (event: MouseEvent): Point => {
    const box = host.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  const touched = (type: "down" | "move" | "up", event: PointerEvent) => {
    const [x, y] = at(event);
    const { pointerId: id, button, pointerType } = event;
    const touch = pointerType === "touch";
    const { windowMode } = viewer;
    const [next, effect] = step(hand, { type, id, x, y, button, touch, windowMode });
    hand = next;
    host.dataset.hand = hand.name;
    if (effect) perform(viewer, effect, onwindow);
  };

  on("contextmenu", (event) => event.preventDefault());
  on("wheel", (event) => {
    event.preventDefault();
    const pixels = event.deltaMode === 1 ? event.deltaY * PIXELS_A_LINE : event.deltaY;
    viewer.zoom(WHEEL_STEP ** -pixels, at(event));
  });
  on("dblclick", (event) => viewer.home(at(event)));
  on("pointerdown", (event) => {
    // A captured pointer would take the click away from a button that lies over the film.
    if ((event.target as Element).closest("button")) return;
    host.setPointerCapture(event.pointerId);
    touched("down", event);
  });
  on("pointermove", (event) => touched("move", event));
  on("pointerup", (event) => touched("up", event));
  on("pointercancel", (event) => touched("up", event));
}

function perform(viewer: Movable, effect: Effect, onwindow: (window: Window) => void): void {
  const { view, pane } = viewer;
  switch (effect.kind) {
    case "pan":
      return viewer.setView(pan(view, pane, effect.dx, effect.dy));
    case "zoom": {
      const moved = pan(view, pane, effect.dx, effect.dy);
      return viewer.setView(zoomAt(moved, pane, [effect.x, effect.y], effect.factor));
    }
    case "window":
      viewer.setWindow(dragged(viewer.window, effect.dx, effect.dy));
      onwindow(viewer.window);
  }
}
