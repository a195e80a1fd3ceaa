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

/** As the server writes a moment into a sentence: "22 December 2026 at 18:49", in UTC. */
const MOMENT = /^(\d{1,2} [A-Z][a-z]+ \d{4}) at (\d\d:\d\d)$/;

function moment(said: string, locale: string): string | null {
  const [, day, time] = MOMENT.exec(said) ?? [];
  if (!day || !time) return null;
  return new Date(`${day} ${time} UTC`).toLocaleString(locale, {
    dateStyle: "long",
    timeStyle: "short",
    hourCycle: "h23",
    timeZone: "UTC",
  });
}

function one(said: string, table: Sentences, locale: string): string | null {
  if (Object.hasOwn(table, said)) return table[said] ?? null;
  for (const [fits, meant] of patternsOf(table)) {
    const [, ...places] = fits.exec(said) ?? [];
    if (places.length > 0) {
      return meant.replace(/\{(\d)\}/g, (_, n) => {
        const place = places[Number(n)] ?? "";
        return moment(place, locale) ?? translated(place, table, locale);
      });
    }
  }
  return null;
}

/** Translated whole, or else as the sentences it is put together from; dates as `locale` has them. */
export function translated(said: string, table: Sentences, locale = "en"): string {
  const whole = one(said, table, locale);
  if (whole !== null) return whole;
  for (let end = said.lastIndexOf(". "); end > 0; end = said.lastIndexOf(". ", end - 1)) {
    const first = one(said.slice(0, end + 1), table, locale);
    if (first !== null) return `${first} ${translated(said.slice(end + 2), table, locale)}`;
  }
  return said;
}
