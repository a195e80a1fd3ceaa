/** Which key does what while reading; one table, so that help shows what is true. Pure. */

import { NOT_ASSESSABLE, type NotAssessable } from "./msasss";
import type { Step } from "./viewer/windowing";

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
  | Step
  | "invert"
  | "automatic"
  | "bone"
  | "soft"
  | "fit"
  | "actualSize"
  | "rotate"
  | "flip"
  | "zoomIn"
  | "zoomOut"
  | "overlay"
  | "context"
  | "magnifier"
  | "placePoints"
  | "resetPoints"
  | "outOfFilm"
  | "otherFilm"
  | "levels"
  | "help";

export type Keymap = Readonly<Record<Action, readonly string[]>>;

/** Keys as KeyboardEvent.key names them, letters in lower case; "Ctrl+" also stands for Cmd. */
export const KEYS: Keymap = {
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
  brighter: ["."],
  darker: [","],
  moreContrast: ["]"],
  lessContrast: ["["],
  invert: ["i"],
  automatic: ["a"],
  bone: ["b"],
  soft: ["t"],
  fit: ["f"],
  actualSize: ["z"],
  rotate: ["d"],
  flip: ["h"],
  zoomIn: ["+", "="],
  zoomOut: ["-"],
  overlay: ["o"],
  context: ["c"],
  magnifier: ["m"],
  placePoints: ["p"],
  resetPoints: ["r"],
  outOfFilm: ["x"],
  otherFilm: ["v"],
  levels: ["l"],
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
  const key = /^Numpad(\d)$/.exec(event.code)?.[1] ?? latin(event);
  if (event.ctrlKey || event.metaKey) return `Ctrl+${event.shiftKey ? "Shift+" : ""}${key}`;
  return key;
}

/** While a Korean or another script is typed, a letter is known by its place on the keyboard. */
function latin({ key, code }: Pressed): string {
  const place = /^(?:Key([A-Z])|Digit(\d))$/.exec(code);
  const foreign = key === "Process" || /[^\u0000-\u024f]/.test(key);
  const read = foreign ? (place?.[1] ?? place?.[2] ?? key) : key;
  return read.length === 1 ? read.toLowerCase() : read;
}

const ACTIONS = Object.keys(KEYS) as Action[];

/** What a press means in a reader's keys. */
export function actionOf(event: Pressed, keys: Keymap = KEYS): Action | null {
  if (event.altKey) return null;
  const key = written(event);
  return ACTIONS.find((action) => keys[action].includes(key)) ?? null;
}

/** Keys that belong to the browser and to dialogs, and keys that only go with others. */
const RESERVED = new Set(["Escape", "Tab", " ", "Shift", "Control", "Alt", "Meta", "AltGraph"]);

export type Conflict = "reserved" | Action | null;

/** Why an action cannot have a key: somebody else has it. Null: it can. */
export function conflict(keys: Keymap, action: Action, key: string): Conflict {
  if (RESERVED.has(key)) return "reserved";
  return ACTIONS.find((other) => other !== action && keys[other].includes(key)) ?? null;
}

/** The keys in which one action has one key of the reader's own. */
export const remapped = (keys: Keymap, action: Action, key: string): Keymap => ({
  ...keys,
  [action]: [key],
});

/** A stored table is taken if it names one key or more for known actions, and none twice. */
export function keymapFrom(stored: unknown): Keymap {
  const own: Partial<Record<Action, string[]>> = {};
  for (const [action, keys] of Object.entries((stored ?? {}) as Record<string, unknown>)) {
    const strings =
      Array.isArray(keys) && keys.length > 0 && keys.every((k) => typeof k === "string");
    if (action in KEYS && strings) own[action as Action] = keys as string[];
  }
  if (Object.keys(own).length === 0) return KEYS;
  const map: Keymap = { ...KEYS, ...own };
  const all = ACTIONS.flatMap((action) => map[action]);
  return new Set(all).size === all.length ? map : KEYS;
}

/** What a reader has changed, for storing. */
export const ownPart = (keys: Keymap): Partial<Keymap> =>
  Object.fromEntries(
    ACTIONS.filter((action) => `${keys[action]}` !== `${KEYS[action]}`).map((action) => [
      action,
      keys[action],
    ]),
  );

/** A key as it stands on the keyboard. */
export const shownKey = (key: string): string =>
  key
    .replace("Arrow", "")
    .split("+")
    .map((part) => (part.length === 1 ? part.toUpperCase() : part))
    .join("+") || "+";

/** The reason chosen by a second key or by its number in the list. */
export function reasonOf(event: Pressed): NotAssessable | null {
  const key = written(event);
  const byLetter = NOT_ASSESSABLE.find((reason) => REASON_KEYS[reason] === key);
  return byLetter ?? (/^[1-8]$/.test(key) ? (NOT_ASSESSABLE[Number(key) - 1] ?? null) : null);
}
