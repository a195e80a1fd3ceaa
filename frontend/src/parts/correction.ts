/**
 * How a waiting film is set right, as the server does it (inference/correction.py): first blacked
 * out where something is burnt in, then inverted, then mirrored left to right, then turned by
 * quarters anticlockwise. Pure.
 */

import type { Rectangle } from "../viewer/tools/rectangle";
import type { Stand } from "../viewer/view";

export type Facing = "left" | "right";

export interface Correction {
  readonly inverted: boolean;
  readonly mirrored: boolean;
  /** Quarter turns anticlockwise, 0 to 3. */
  readonly turned: number;
  /** Areas, in pixels of the film as it waits. */
  readonly blacked: readonly Rectangle[];
}

export const NONE: Correction = { inverted: false, mirrored: false, turned: 0, blacked: [] };

/** Whether it changes anything. */
export const changes = (own: Correction): boolean =>
  own.inverted || own.mirrored || own.turned > 0 || own.blacked.length > 0;

/** One quarter turn of the picture as it is seen now. */
export const turnedBy = (own: Correction, quarters: 1 | -1): Correction => ({
  ...own,
  turned: (own.turned + quarters + 4) % 4,
});

/** Left and right of the picture as it is seen now change places: a turn becomes the other turn. */
export const mirrored = (own: Correction): Correction => ({
  ...own,
  mirrored: !own.mirrored,
  turned: (4 - own.turned) % 4,
});

export const inverted = (own: Correction): Correction => ({ ...own, inverted: !own.inverted });

/** How an uncorrected film stands on the screen when it is shown corrected. */
export const standOf = (own: Correction): Stand => ({
  angle: own.turned === 0 ? 0 : (-Math.PI / 2) * own.turned,
  mirrored: own.mirrored,
});

/** Where the patient's front is afterwards; null when it is unknown, or at the top or bottom. */
export function facingAfter(before: Facing | null, own: Correction): Facing | null {
  if (before === null || own.turned % 2 === 1) return null;
  const changes = own.mirrored !== (own.turned === 2);
  return changes ? (before === "left" ? "right" : "left") : before;
}
