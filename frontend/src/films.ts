/** The decoded films of this page, shared by all panes, and the reader's window for each. */

import * as api from "./api";
import type { Reading, Window } from "./contract";
import { FilmStore } from "./viewer/film_store";
import { acknowledged, kept, keeping, newest, type Windows } from "./windows_kept";

export const films = new FilmStore(api.picture);

const SHELF = "windows";

function stored(): Windows {
  try {
    return kept(JSON.parse(localStorage.getItem(SHELF) ?? "[]"));
  } catch {
    return []; // No storage in this browser, or not ours.
  }
}

function store(windows: Windows): void {
  try {
    localStorage.setItem(SHELF, JSON.stringify(windows));
  } catch {
    // It holds while the film is on the desk; each grade carries it to the server.
  }
}

/** The window that this reader last used on this film, here or elsewhere. */
export const newestWindow = (film: Pick<Reading, "picture_url" | "window" | "window_at">): Window =>
  newest(stored(), film.picture_url, film.window, film.window_at);

/** A picture's address is a reader's own. */
export const rememberWindow = (picture: string, window: Window, known: string | null): void =>
  store(keeping(stored(), picture, window, known));

export const acknowledgeWindow = (picture: string, at: string | null): void =>
  store(acknowledged(stored(), picture, at));
