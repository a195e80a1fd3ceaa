/** Which language the page speaks: the user's choice, kept in this browser, else the browser's. */

import { isLanguage, preferred, speak, type Language } from "./texts";

const SHELF = "language";

export const spoken = $state<{ language: Language }>({ language: "en" });

function kept(): Language {
  try {
    const stored = localStorage.getItem(SHELF);
    if (isLanguage(stored)) return stored;
  } catch {
    // No storage in this browser: its own language will do.
  }
  return preferred(navigator.languages);
}

async function turnTo(language: Language): Promise<void> {
  try {
    await speak(language);
  } catch {
    return; // Its table cannot be fetched now: better the language on the page than none.
  }
  spoken.language = language;
  document.documentElement.lang = language;
}

/** Before the first page is drawn. */
export const speakAsKept = (): Promise<void> => turnTo(kept());

export async function chooseLanguage(language: Language): Promise<void> {
  await turnTo(language);
  try {
    localStorage.setItem(SHELF, spoken.language);
  } catch {
    // It holds until the page is closed.
  }
}
