/**
 * How numbers are printed on the pages for coordinators and admins.
 *
 * A coefficient never stands without its form (model, type, unit), its interval and its n:
 * readers of the literature have been misled by an "ICC" whose form was not said.
 */

import { locale, texts } from "../texts";

/** Of "ICC(2,1)": "two-way random, absolute agreement, single reader" (Shrout & Fleiss 1979). */
export const iccFormName = (form: keyof typeof texts.office.iccForms): string =>
  texts.office.iccForms[form];

const MINUS = "−";

function isNumber(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** Fixed decimals with a true minus sign; "–" where there is no number; never "−0.0". */
export function decimal(value: number | null | undefined, digits = 1): string {
  if (!isNumber(value)) return "–";
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/**
 * A coefficient whose maximum is 1. A value below 1 is not rounded up to "1.000": agreement
 * that is nearly perfect must not be printed as perfect.
 */
export function coefficient(value: number | null | undefined, digits = 3): string {
  if (!isNumber(value)) return "–";
  const text = decimal(value, digits);
  if (value < 1 && Number(text) === 1) return `>0.${"9".repeat(digits)}`;
  return text;
}

/** "0.941 to 0.950"; "–" where either end is missing. */
export function interval(
  ends: readonly [number | null, number | null] | readonly (number | null)[] | null | undefined,
  print: (value: number) => string = coefficient,
): string {
  const [low, high] = ends ?? [];
  if (!isNumber(low) || !isNumber(high)) return "–";
  return texts.office.interval(print(low), print(high));
}

/** A difference: "+0.4", "−0.4", "0.0". */
export function signed(value: number | null | undefined, digits = 1): string {
  const text = decimal(value, digits);
  return isNumber(value) && value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** Standard deviation of the differences, read back from limits at bias ± 1.96 SD. */
export function spreadOfLimits(
  limits: readonly (number | null)[] | null | undefined,
): number | null {
  const [low, high] = limits ?? [];
  return isNumber(low) && isNumber(high) ? (high - low) / (2 * 1.96) : null;
}

/** "83 %", one decimal under 10 so that rare things do not become "0 %". */
export function percent(share: number | null | undefined): string {
  if (!isNumber(share)) return "–";
  const value = share * 100;
  if (value > 0 && value < 0.1) return "<0.1 %";
  const digits = value === 0 || value >= 9.95 ? 0 : 1;
  if (value < 100 && value.toFixed(digits) === "100") return ">99 %";
  return `${value.toFixed(digits)} %`;
}

/** "1,204", the digit grouping of the page's language. */
export function count(value: number | null | undefined): string {
  return isNumber(value) ? value.toLocaleString(locale()) : "–";
}

/** "1 film", "1,204 films": how a noun is counted differs by language. */
export function counted(value: number, noun: (n: number, shown: string) => string): string {
  return noun(value, count(value));
}

/** "850 kB", "12.4 MB" (decimal units, as file managers print them). */
export function fileSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} kB`;
  if (bytes < 999_950_000) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** "42 s", "3 min 05 s", "2 h 10 min". */
export function duration(seconds: number | null | undefined): string {
  if (!isNumber(seconds) || seconds < 0) return "–";
  const t = texts.office.duration;
  const two = (value: number) => String(value).padStart(2, "0");
  const whole = Math.round(seconds);
  if (whole < 60) return t.seconds(whole);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return t.minutes(minutes, two(whole % 60));
  return t.hours(Math.floor(minutes / 60), two(minutes % 60));
}

/** "23 Nov 2026"; "–" for nothing or for something that is no date. */
export function day(iso: string | null | undefined): string {
  const date = iso ? new Date(iso) : null;
  if (!date || Number.isNaN(date.getTime())) return "–";
  return date.toLocaleDateString(locale(), { day: "numeric", month: "short", year: "numeric" });
}

/** "23 Nov 2026, 14:05" in the browser's own time zone. */
export function moment(iso: string | null | undefined): string {
  const date = iso ? new Date(iso) : null;
  if (!date || Number.isNaN(date.getTime())) return "–";
  const time = date.toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });
  return `${day(iso)}, ${time}`;
}
