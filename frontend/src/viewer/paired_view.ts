/** Two films of one spine side by side: what the hand does to one view, the other follows. Pure. */

import type { Point, View } from "./view";

/** A place that both films show, and how long a pixel is: mm, or a share of the film. */
export interface Anchor {
  at: Point;
  pixel: number;
}

/**
 * The view of another film in which its anchor lies on the screen where this film's anchor lies,
 * and a length is as long. Panes of one size are assumed.
 */
export function alongside(view: View, from: Anchor, to: Anchor): View {
  const pixels = from.pixel / to.pixel;
  const [x, y] = [view.center[0] - from.at[0], view.center[1] - from.at[1]];
  return {
    ...view,
    center: [to.at[0] + x * pixels, to.at[1] + y * pixels],
    scale: view.scale / pixels,
  };
}
