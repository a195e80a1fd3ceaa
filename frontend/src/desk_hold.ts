/** Holding a film: for this tab against the browser's other tabs, and for this reader at the server. */

import * as api from "./api";
import { ApiError } from "./api";
import { holdReading } from "./saving.svelte";

const RENEW_EVERY = 60_000;

export class DeskHold {
  private release: () => void = () => {};
  private renewing: ReturnType<typeof setInterval> | undefined;

  /** `onlost` gets the server's sentence when the hold is gone. */
  constructor(private readonly onlost: (sentence: string) => void) {}

  /** False: another tab of this browser has the film. */
  async take(reading: number): Promise<boolean> {
    this.let();
    const release = await holdReading(reading);
    if (!release) return false;
    this.release = release;
    this.renewing = setInterval(() => void this.renew(reading), RENEW_EVERY);
    return true;
  }

  let(): void {
    clearInterval(this.renewing);
    this.release();
    this.release = () => {};
  }

  private async renew(reading: number): Promise<void> {
    try {
      await api.renewLease(reading);
    } catch (error) {
      // A server that is away for a minute takes nothing from the reader; a refusal does.
      if (error instanceof ApiError && error.status === 409) this.onlost(error.sentence);
    }
  }
}
