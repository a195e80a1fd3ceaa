/** A film in one tab of this browser alone. */

/** Milliseconds in which a page that is left or reloaded has let go of its film. */
const LETS_GO = 1000;

/**
 * Hold a reading for this tab: resolves to a release function, or null when another tab has it.
 * Without the lock (plain http) every tab may go on; the server keeps the order.
 */
export function holdReading(id: number): Promise<(() => void) | null> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    const hold = () => new Promise<void>((release) => resolve(release));
    // A reloaded page asks before the browser has taken the lock from the page that it was.
    const signal = AbortSignal.timeout(LETS_GO);
    locks.request(`syndesmo-reading-${id}`, { signal }, hold).catch(() => resolve(null));
  });
}
