/** Which window was last used on which picture, newest first and not without end. Pure. */

import type { Window } from "./contract";

export type Windows = readonly (readonly [picture: string, window: Window])[];

const MOST = 300;

const isWindow = (value: unknown): value is Window => {
  const { center, width } = (value ?? {}) as Partial<Window>;
  return Number.isFinite(center) && Number.isFinite(width);
};

/** What was stored, as far as it can be used. */
export const kept = (stored: unknown): Windows =>
  (Array.isArray(stored) ? stored : []).filter(
    (one): one is [string, Window] =>
      Array.isArray(one) && typeof one[0] === "string" && isWindow(one[1]),
  );

export const keeping = (windows: Windows, picture: string, window: Window): Windows =>
  [[picture, window] as const, ...windows.filter(([name]) => name !== picture)].slice(0, MOST);
