/** A reloaded page and the page that it was; two tabs of one browser. */

import { afterEach, expect, it, vi } from "vitest";

import { holdReading } from "../src/tab_hold";

type Options = { signal?: AbortSignal; ifAvailable?: boolean };
type Hold = (lock: object | null) => Promise<void> | void;

/** The browser's locks, as far as one film goes. */
class Locks {
  private last: Promise<void> = Promise.resolve();
  private free = true;

  async request(_: string, { signal, ifAvailable }: Options, hold: Hold): Promise<void> {
    if (ifAvailable && !this.free) return hold(null) ?? undefined;
    const before = this.last;
    const aborted = new Promise<never>((_resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
    });
    aborted.catch(() => {});
    await Promise.race([before, aborted]);
    this.free = false;
    this.last = Promise.resolve(hold({})).then(() => void (this.free = true));
    return this.last;
  }
}

afterEach(() => vi.unstubAllGlobals());

it("has the film that the page it was lets go of a moment later", async () => {
  vi.stubGlobal("navigator", { locks: new Locks() });
  const before = await holdReading(7);
  const after = holdReading(7);
  setTimeout(() => before?.(), 20);
  expect(await after).not.toBeNull();
});

it("does not have a film that another tab goes on with", async () => {
  vi.stubGlobal("navigator", { locks: new Locks() });
  expect(await holdReading(7)).not.toBeNull();
  expect(await holdReading(7)).toBeNull();
});
