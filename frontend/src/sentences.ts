/**
 * What the server says, in another language.
 *
 * The server writes English sentences, into answers and into the database, where they outlive the
 * page. A table gives each with "{}" where the server puts a name or a number, and its translation
 * with "{0}", "{1}" for these in their order. What no entry fits is shown as it came. Pure.
 */

export type Sentences = Readonly<Record<string, string>>;

type Pattern = [fits: RegExp, translation: string];

const known = new WeakMap<Sentences, Pattern[]>();

const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The most telling first: the one with the most letters of its own. */
function patternsOf(table: Sentences): Pattern[] {
  let patterns = known.get(table);
  if (!patterns) {
    patterns = Object.entries(table)
      .filter(([said]) => said.includes("{}"))
      .sort(([a], [b]) => b.length - a.length)
      .map(([said, meant]) => [
        new RegExp(`^${said.split("{}").map(literally).join("(.+?)")}$`, "s"),
        meant,
      ]);
    known.set(table, patterns);
  }
  return patterns;
}

/** As the server writes a moment into a sentence: "22 December 2026 at 18:49 UTC". */
const MOMENT = /\b(\d{1,2} [A-Z][a-z]+ \d{4}) at (\d\d:\d\d) UTC\b/g;

/** Readers take a time for their own: each moment by the clock of `timeZone`, as `locale` has it. */
function onOwnClock(said: string, locale: string, timeZone?: string): string {
  return said.replace(MOMENT, (asSaid, day: string, time: string) => {
    const moment = new Date(`${day} ${time} UTC`);
    if (Number.isNaN(moment.getTime())) return asSaid;
    return moment.toLocaleString(locale, {
      dateStyle: "long",
      timeStyle: "short",
      hourCycle: "h23",
      timeZone,
    });
  });
}

function one(said: string, table: Sentences): string | null {
  if (Object.hasOwn(table, said)) return table[said] ?? null;
  for (const [fits, meant] of patternsOf(table)) {
    const [, ...places] = fits.exec(said) ?? [];
    if (places.length > 0) {
      return meant.replace(/\{(\d)\}/g, (_, n) => worded(places[Number(n)] ?? "", table));
    }
  }
  return null;
}

/** Translated whole, or else as the sentences it is put together from. */
function worded(said: string, table: Sentences): string {
  const whole = one(said, table);
  if (whole !== null) return whole;
  for (let end = said.lastIndexOf(". "); end > 0; end = said.lastIndexOf(". ", end - 1)) {
    const first = one(said.slice(0, end + 1), table);
    if (first !== null) return `${first} ${worded(said.slice(end + 2), table)}`;
  }
  return said;
}

/** In the words of `table`, moments as `locale` has them; without `timeZone`, by the browser's. */
export const translated = (
  said: string,
  table: Sentences,
  locale = "en-GB",
  timeZone?: string,
): string => onOwnClock(worded(said, table), locale, timeZone);
