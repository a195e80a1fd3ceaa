/** Which key does what while reading; one table, so that help shows what is true. Pure. */

import { NOT_ASSESSABLE, type NotAssessable } from "./msasss";

export type Action =
  | "grade0"
  | "grade1"
  | "grade2"
  | "grade3"
  | "notAssessable"
  | "erosion"
  | "sclerosis"
  | "squaring"
  | "previous"
  | "next"
  | "undo"
  | "redo"
  | "commit"
  | "window"
  | "invert"
  | "automatic"
  | "bone"
  | "soft"
  | "fit"
  | "actualSize"
  | "zoomIn"
  | "zoomOut"
  | "overlay"
  | "context"
  | "help";

/** Keys as KeyboardEvent.key names them, letters in lower case; "Ctrl+" also stands for Cmd. */
export const KEYS: Readonly<Record<Action, readonly string[]>> = {
  grade0: ["0"],
  grade1: ["1"],
  grade2: ["2"],
  grade3: ["3"],
  notAssessable: ["n"],
  erosion: ["e"],
  sclerosis: ["s"],
  squaring: ["q"],
  previous: ["ArrowUp", "ArrowLeft"],
  next: ["ArrowDown", "ArrowRight"],
  undo: ["Backspace", "Ctrl+z"],
  redo: ["Ctrl+Shift+z", "Ctrl+y"],
  commit: ["Enter"],
  window: ["w"],
  invert: ["i"],
  automatic: ["a"],
  bone: ["b"],
  soft: ["t"],
  fit: ["f"],
  actualSize: ["z"],
  zoomIn: ["+", "="],
  zoomOut: ["-"],
  overlay: ["o"],
  context: ["c"],
  help: ["?"],
};

/** The second key after N: the first letter that is still free, in the order of the reasons. */
export const REASON_KEYS: Readonly<Record<NotAssessable, string>> = {
  obscured: "o",
  off_film: "f",
  rotated: "r",
  implant: "i",
  fracture: "b",
  surgery: "s",
  poor_quality: "q",
  other: "x",
};

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey" | "code">;

/** A press as it is written in the table. */
export function written(event: Pressed): string {
  const digit = /^Numpad(\d)$/.exec(event.code)?.[1];
  const letter = event.key.length === 1;
  const key = digit ?? (letter ? event.key.toLowerCase() : event.key);
  if (event.ctrlKey || event.metaKey) return `Ctrl+${event.shiftKey ? "Shift+" : ""}${key}`;
  return key;
}

const ACTIONS = new Map(
  Object.entries(KEYS).flatMap(([action, keys]) => keys.map((key) => [key, action as Action])),
);

export const actionOf = (event: Pressed): Action | null =>
  event.altKey ? null : (ACTIONS.get(written(event)) ?? null);

/** The reason chosen by a second key or by its number in the list. */
export function reasonOf(event: Pressed): NotAssessable | null {
  const key = written(event);
  const byLetter = NOT_ASSESSABLE.find((reason) => REASON_KEYS[reason] === key);
  return byLetter ?? (/^[1-8]$/.test(key) ? (NOT_ASSESSABLE[Number(key) - 1] ?? null) : null);
}
