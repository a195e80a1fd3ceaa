/** Holding a film: for this tab against the browser's other tabs, and for this reader at the server. */

import * as api from "./api";
import { ApiError } from "./api";
import { holdReading } from "./tab_hold";
import { texts } from "./texts";

const RENEW_EVERY = 60_000;

/** Refusals after which nothing more can be saved to the film. */
const LOST = new Set(["lease_lost", "round_closed", "study_closed", "already_committed"]);

export const isLost = ({ status, name }: Pick<ApiError, "status" | "name">): boolean =>
  status === 403 || LOST.has(name);

export class DeskHold {
  private release: () => void = () => {};
  private renewing: ReturnType<typeof setInterval> | undefined;
  private held = 0;
  /** The film that this tab has against the others. */
  private locked = 0;

  /** `onlost` gets a sentence when the hold is gone, or another tab of this browser has it. */
  constructor(private readonly onlost: (sentence: string) => void) {}

  async take(reading: number): Promise<void> {
    // Let go and asked for again at once, it would still be taken: by this tab itself.
    if (reading === this.locked) return;
    this.let();
    this.held = reading;
    const release = await holdReading(reading);
    if (this.held !== reading) return release?.(); // the reader is two films on already
    if (!release) return this.onlost(texts.reading.otherTab);
    this.release = release;
    this.locked = reading;
    this.renewing = setInterval(() => void this.renew(reading), RENEW_EVERY);
  }

  let(): void {
    this.held = this.locked = 0;
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
