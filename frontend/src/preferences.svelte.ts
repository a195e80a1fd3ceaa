/**
 * How the user wants the pages: language and light. Kept in this browser, so that it holds before
 * anybody has signed in, and with the account, so that it follows the user to another workstation.
 */

import * as api from "./api";
import type { ChosenPreferences } from "./contract";
import { isLanguage, preferred, speak, type Language } from "./texts";

export const THEMES = ["automatic", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export interface Preferences {
  language: Language;
  /** Automatic: films in the dark, everything else in the light. */
  theme: Theme;
}

const SHELF = "preferences";

export const preferences = $state<Preferences>({ language: "en", theme: "automatic" });

const isTheme = (name: unknown): name is Theme => THEMES.some((theme) => theme === name);

/** Only what is known: an older page or somebody's hand may have left anything. */
function known(stored: unknown): Partial<Preferences> {
  const { language, theme } = (stored ?? {}) as Record<string, unknown>;
  return {
    ...(isLanguage(language) ? { language } : {}),
    ...(isTheme(theme) ? { theme } : {}),
  };
}

function kept(): Partial<Preferences> {
  try {
    return known(JSON.parse(localStorage.getItem(SHELF) ?? "{}"));
  } catch {
    return {}; // No storage in this browser, or not ours.
  }
}

function keep(change: Partial<Preferences>): void {
  try {
    localStorage.setItem(SHELF, JSON.stringify({ ...kept(), ...change }));
  } catch {
    // It holds until the page is closed.
  }
}

async function turnTo({ language, theme }: Partial<Preferences>): Promise<void> {
  if (theme) preferences.theme = theme;
  if (!language || language === preferences.language) return;
  try {
    await speak(language);
  } catch {
    return; // Its table cannot be fetched now: better the language on the page than none.
  }
  preferences.language = language;
  document.documentElement.lang = language;
}

/** Before the first page is drawn. */
export const begin = (): Promise<void> =>
  turnTo({ language: preferred(navigator.languages), ...kept() });

/** Chosen on the page of sign-in, before it was known by whom. */
let unclaimed: Partial<Preferences> = {};

/** Somebody has signed in: what they chose elsewhere holds here too, unless they just chose. */
export async function follow(chosen: ChosenPreferences): Promise<void> {
  const theirs = { ...known(chosen), ...unclaimed };
  if (Object.keys(unclaimed).length > 0) send(unclaimed);
  unclaimed = {};
  keep(theirs);
  await turnTo(theirs);
}

/** Without an answer it holds in this browser alone; nobody is interrupted for that. */
const send = (change: Partial<Preferences>) => void api.keepPreferences(change).catch(() => {});

export async function choose(change: Partial<Preferences>, signedIn: boolean): Promise<void> {
  keep(change);
  await turnTo(change);
  if (signedIn) send(change);
  else unclaimed = { ...unclaimed, ...change };
}
