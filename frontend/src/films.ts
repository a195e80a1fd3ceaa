/** The decoded films of this page, shared by all panes, and the reader's window for each. */

import * as api from "./api";
import type { Window } from "./contract";
import { FilmStore } from "./viewer/film_store";
import { kept, keeping, type Windows } from "./windows_kept";

export const films = new FilmStore(api.picture);

const SHELF = "windows";

function stored(): Windows {
  try {
    return kept(JSON.parse(localStorage.getItem(SHELF) ?? "[]"));
  } catch {
    return []; // No storage in this browser, or not ours.
  }
}

/** The window that this reader last used on this film; a picture's address is a reader's own. */
export const rememberedWindow = (picture: string): Window | null =>
  stored().find(([name]) => name === picture)?.[1] ?? null;

export function rememberWindow(picture: string, window: Window): void {
  try {
    localStorage.setItem(SHELF, JSON.stringify(keeping(stored(), picture, window)));
  } catch {
    // It holds while the film is on the desk; each grade carries it to the server.
  }
}
