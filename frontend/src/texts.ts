/**
 * Every text of the product in the language of the page: one table per language, English first.
 *
 * Tables have one type, so that a missing or an extra text fails the type check. Whatever reads
 * `texts` reads it when it is drawn; App draws everything anew when the language changes.
 */

import { translated } from "./sentences";
import { english, type Texts } from "./texts/en";

export type { Texts };

export const LANGUAGES = { en: "English", ko: "한국어" } as const;
export type Language = keyof typeof LANGUAGES;

const LOCALES: Readonly<Record<Language, string>> = { en: "en-GB", ko: "ko-KR" };

/** English is at hand at once; other tables come when they are asked for. */
const TABLES: Readonly<Record<Language, () => Promise<Texts>>> = {
  en: async () => english,
  ko: async () => (await import("./texts/ko")).korean,
};

export let texts: Texts = english;
let language: Language = "en";

/** The language's name for Intl: how numbers and dates are written. */
export const locale = (): string => LOCALES[language];

/** A sentence of the server in the language of the page. */
export const told = (sentence: string): string => translated(sentence, texts.fromServer, locale());

export const isLanguage = (name: unknown): name is Language =>
  typeof name === "string" && name in LANGUAGES;

/** The first of the browser's languages that there is a table for. */
export function preferred(wanted: readonly string[]): Language {
  const bases = wanted.map((tag) => tag.toLowerCase().split("-")[0]);
  return bases.find(isLanguage) ?? "en";
}

/** Take another table. What is on the page already keeps its words until it is drawn anew. */
export async function speak(wanted: Language): Promise<void> {
  texts = await TABLES[wanted]();
  language = wanted;
}
