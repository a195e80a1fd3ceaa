/** What the picture tools do to the two panes; the same for keys and buttons. */

import type { Action } from "../keys";
import type { Texts } from "../texts";
import { flip, rotate } from "../viewer/view";
import type { Viewer } from "../viewer/viewer";
import { PRESETS, STEPS, type Preset, type Step, type Window } from "../viewer/windowing";
import type { Looks } from "./looks";

export type Act = Tool | Step | "zoomIn" | "zoomOut";
/** What has a button. */
export type Tool = Exclude<keyof Texts["reading"]["tools"], "label">;

/** The picture tool behind a key, if it is one. */
export const toolOf = (action: Action): Act | null =>
  action === "window" ? "windowMode" : TOOLS.has(action) ? (action as Act) : null;

const TOOLS: ReadonlySet<Action> = new Set<Action>([
  ...(Object.keys(STEPS) as Step[]),
  "invert",
  "automatic",
  "bone",
  "soft",
  "fit",
  "actualSize",
  "rotate",
  "flip",
  "zoomIn",
  "zoomOut",
  "overlay",
  "context",
]);

/** The looks after a tool that switches something. */
export function switched(looks: Looks, act: Act): Looks {
  switch (act) {
    case "windowMode":
      return { ...looks, windowMode: !looks.windowMode };
    case "invert":
      return { ...looks, inverted: !looks.inverted };
    case "overlay":
      return { ...looks, overlayHidden: !looks.overlayHidden };
    case "context":
      return { ...looks, context: !looks.context };
    case "magnifier":
      return { ...looks, magnified: !looks.magnified };
    default:
      return looks;
  }
}

export const isPreset = (act: Act): act is Preset => act in PRESETS;

export const isStep = (act: Act): act is Step => act in STEPS;

/** Keys that go on for as long as they are held. */
export const goesOn = (action: Action): boolean =>
  action === "previous" || action === "next" || action in STEPS;

/** Preset windows start from what suits the film as a whole. */
export const presetWindow = (preset: Preset, automatic: Window): Window =>
  PRESETS[preset](automatic);

/** Tools that move the film. */
export function moveFilm(viewer: Viewer, act: Act): void {
  switch (act) {
    case "fit":
      return viewer.fit();
    case "actualSize":
      return viewer.actualSize();
    case "zoomIn":
      return viewer.zoom(1.25);
    case "zoomOut":
      return viewer.zoom(0.8);
    case "rotate":
      return viewer.setView(rotate(viewer.view, Math.PI / 2));
    case "flip":
      return viewer.setView(flip(viewer.view));
  }
}
