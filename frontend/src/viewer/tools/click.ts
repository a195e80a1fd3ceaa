/** Clicks on the film: a press that does not move, and not on what lies over the film. */

import type { Point } from "../view";

/** CSS pixels: a hand trembles less than this, and a drag goes further. */
const STILL = 4;

export function onClick(
  host: HTMLElement,
  clicked: (at: Point) => void,
  signal: AbortSignal,
): void {
  let from: { id: number; x: number; y: number } | null = null;
  const down = (event: PointerEvent) => {
    const over = (event.target as Element).closest("button, .point");
    from = over || event.button !== 0 ? null : { id: event.pointerId, x: event.x, y: event.y };
  };
  const up = (event: PointerEvent) => {
    const still = from && Math.hypot(event.x - from.x, event.y - from.y) < STILL;
    const same = from?.id === event.pointerId;
    from = null;
    if (!still || !same) return;
    const box = host.getBoundingClientRect();
    clicked([event.clientX - box.left, event.clientY - box.top]);
  };
  host.addEventListener("pointerdown", down, { signal });
  host.addEventListener("pointerup", up, { signal });
}
