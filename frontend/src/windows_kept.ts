/**
 * Which window was last used on which picture, newest first and not without end. Pure.
 *
 * Each is kept with the server's time of the newest grade that the page knew of: a grade that the
 * server has and that is newer was given on another machine, and its window is the newer one. The
 * clocks of the two machines are never compared.
 */

import type { Window } from "./contract";

export type Windows = readonly (readonly [picture: string, window: Window, known: string | null])[];

const MOST = 300;

const isWindow = (value: unknown): value is Window => {
  const { center, width } = (value ?? {}) as Partial<Window>;
  return Number.isFinite(center) && Number.isFinite(width);
};

/** What was stored, as far as it can be used. */
export const kept = (stored: unknown): Windows =>
  (Array.isArray(stored) ? stored : [])
    .filter(
      (one): one is [string, Window, unknown] =>
        Array.isArray(one) && typeof one[0] === "string" && isWindow(one[1]),
    )
    .map(([picture, window, known]) => [picture, window, typeof known === "string" ? known : null]);

export const keeping = (
  windows: Windows,
  picture: string,
  window: Window,
  known: string | null,
): Windows =>
  [[picture, window, known] as const, ...windows.filter(([name]) => name !== picture)].slice(
    0,
    MOST,
  );

/** The server has a grade of this page: the window kept here is not older than that grade. */
export const acknowledged = (windows: Windows, picture: string, at: string | null): Windows =>
  windows.map((one) => (one[0] === picture ? ([picture, one[1], at] as const) : one));

/** The window kept here, or the server's where a grade came after it. */
export function newest(
  windows: Windows,
  picture: string,
  servers: Window,
  at: string | null,
): Window {
  const [, own, known] = windows.find(([name]) => name === picture) ?? [];
  return own && moment(at) <= moment(known) ? own : servers;
}

/** Of no grade: before all others. */
const moment = (at: string | null | undefined): number => (at ? Date.parse(at) : -Infinity);
