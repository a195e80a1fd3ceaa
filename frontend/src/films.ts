/** The decoded films of this page, shared by all panes, and the reader's window for each. */

import * as api from "./api";
import type { Window } from "./contract";
import { FilmStore } from "./viewer/film_store";

export const films = new FilmStore(api.picture);

const keyOf = (picture: string) => `window ${picture}`;

/** The window this reader last used on this film in this browser session. */
export function rememberedWindow(picture: string): Window | null {
  const text = sessionStorage.getItem(keyOf(picture));
  return text ? (JSON.parse(text) as Window) : null;
}

export function rememberWindow(picture: string, window: Window): void {
  sessionStorage.setItem(keyOf(picture), JSON.stringify(window));
}
