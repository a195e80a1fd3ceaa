/**
 * How a waiting film is set right, as the server does it (inference/correction.py): first inverted,
 * then mirrored left to right, then turned by quarters anticlockwise. Pure.
 */

export type Facing = "left" | "right";

export interface Correction {
  readonly inverted: boolean;
  readonly mirrored: boolean;
  /** Quarter turns anticlockwise, 0 to 3. */
  readonly turned: number;
}

export const NONE: Correction = { inverted: false, mirrored: false, turned: 0 };

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

/** The transform and filter that show an uncorrected picture corrected. */
export const shownBy = (own: Correction): { transform: string; filter: string } => ({
  transform: `rotate(${-90 * own.turned}deg) scaleX(${own.mirrored ? -1 : 1})`,
  filter: own.inverted ? "invert(1)" : "none",
});

/** Where the patient's front is afterwards; null when it is unknown, or at the top or bottom. */
export function facingAfter(before: Facing | null, own: Correction): Facing | null {
  if (before === null || own.turned % 2 === 1) return null;
  const changes = own.mirrored !== (own.turned === 2);
  return changes ? (before === "left" ? "right" : "left") : before;
}
