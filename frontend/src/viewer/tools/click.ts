/**
 * A click on the film, as named states: a press that does not move, by one hand, and not on what
 * lies over the film. Pure, save `onClick`, which wires it to a pane.
 *
 * idle -> pressed (left button, one finger, pen) -> idle, clicked
 *         pressed -> idle: it moved, a second finger came, or the press was taken away
 */

import type { Point } from "../view";

/** CSS pixels: a hand trembles less than this, and a drag goes further. */
const STILL = 4;

export type Press = { name: "idle" } | { name: "pressed"; id: number; x: number; y: number };

export interface ClickEvent {
  type: "down" | "move" | "up" | "cancel";
  id: number;
  x: number;
  y: number;
  /** 0 left; as in PointerEvent */
  button: number;
  /** On a button or a point that lies over the film. */
  over: boolean;
}

export const IDLE: Press = { name: "idle" };

/** The next state, and whether the film was clicked. */
export function step(press: Press, event: ClickEvent): [Press, boolean] {
  const { id, x, y } = event;
  if (event.type === "down") {
    const alone = press.name === "idle" && event.button === 0 && !event.over;
    return [alone ? { name: "pressed", id, x, y } : IDLE, false];
  }
  if (press.name === "idle" || press.id !== id) return [press, false];
  const still = Math.hypot(x - press.x, y - press.y) < STILL;
  if (event.type === "move") return [still ? press : IDLE, false];
  return [IDLE, event.type === "up" && still];
}

export function onClick(
  host: HTMLElement,
  clicked: (at: Point) => void,
  signal: AbortSignal,
): void {
  let press = IDLE;
  const listen = (name: keyof HTMLElementEventMap, type: ClickEvent["type"]) =>
    host.addEventListener(
      name,
      (event) => {
        const { pointerId: id, x, y, button, target } = event as PointerEvent;
        const over = !!(target as Element).closest("button, .point");
        const [next, isClick] = step(press, { type, id, x, y, button, over });
        press = next;
        if (!isClick) return;
        const box = host.getBoundingClientRect();
        clicked([x - box.left, y - box.top]);
      },
      { signal },
    );
  listen("pointerdown", "down");
  listen("pointermove", "move");
  listen("pointerup", "up");
  listen("pointercancel", "cancel");
}
