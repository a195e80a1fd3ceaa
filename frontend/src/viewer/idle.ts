/** Work that waits until the page has nothing else to do. */

/** Where the browser does not say how long it is idle, milliseconds. */
const SPELL = 8;

/** Safari has no idle callbacks: there a few milliseconds after a pause stand for them. */
export function whenIdle(work: (left: () => number) => void): number {
  if (typeof requestIdleCallback === "function") {
    return requestIdleCallback((deadline) => work(() => deadline.timeRemaining()));
  }
  return window.setTimeout(() => {
    const end = performance.now() + SPELL;
    work(() => end - performance.now());
  }, 30);
}

export function cancelIdle(handle: number): void {
  if (typeof cancelIdleCallback === "function") cancelIdleCallback(handle);
  else clearTimeout(handle);
}
