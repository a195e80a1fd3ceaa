/**
 * The queue behind the upload page: many files, a few at a time, each with its own progress and
 * its own one-line result. One bad file never stops the rest, and a lost connection only pauses:
 * what failed for want of one is sent again by itself, after a while that grows.
 */

import type { Sendable } from "./sendable";

export type UploadState = "waiting" | "sending" | "done" | "failed";

export interface UploadResult {
  status: "imported" | "duplicate" | "quarantined" | "refused";
  reason?: string | null;
}

export interface Upload<R extends UploadResult = UploadResult> {
  readonly key: number;
  readonly name: string;
  readonly size: number;
  state: UploadState;
  /** Share of the bytes sent, 0 to 1. */
  sent: number;
  result: R | null;
  /** Why it failed, as a sentence. */
  error: string | null;
  /** It failed for want of a connection only, and is sent again by itself. */
  lost: boolean;
}

const FIRST_PAUSE = 2000; // ms; each further one is twice as long
const LONGEST_PAUSE = 30_000;

export type Send<R extends UploadResult> = (
  file: Sendable,
  onProgress: (share: number) => void,
) => Promise<R>;

export interface Tally {
  waiting: number;
  sending: number;
  failed: number;
  imported: number;
  duplicate: number;
  quarantined: number;
  refused: number;
}

export class UploadQueue<R extends UploadResult = UploadResult> {
  #entries: Upload<R>[] = [];
  #files = new Map<number, Sendable>();
  #nextKey = 1;
  #sending = 0;
  #pause = FIRST_PAUSE;
  /** Runs while there is no connection: nothing is sent before it ends. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(
    private readonly send: Send<R>,
    private readonly changed: (uploads: readonly Upload<R>[]) => void,
    private readonly atOnce = 3,
    private readonly isLost: (error: unknown) => boolean = () => false,
  ) {}

  /** Adds files and starts; a file that is already queued (same path, size, date) is left out. */
  add(files: Iterable<Sendable>): void {
    const known = new Set([...this.#files.values()].map(identity));
    for (const file of files) {
      if (known.has(identity(file))) continue;
      known.add(identity(file));
      const key = this.#nextKey++;
      this.#files.set(key, file);
      this.#entries.push({
        key,
        name: file.name,
        size: file.size,
        state: "waiting",
        sent: 0,
        result: null,
        error: null,
        lost: false,
      });
    }
    this.#pump();
  }

  /** Sends again everything that failed. */
  resume(): void {
    this.#again(() => true);
  }

  /** What is on its way may arrive; nothing else is sent, and no timer is left behind. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Takes the finished ones off the list; what waits, runs or failed stays. */
  clearFinished(): void {
    this.#entries = this.#entries.filter((entry) => entry.state !== "done");
    this.#report();
  }

  /** True while closing the page would lose work. */
  get busy(): boolean {
    return this.#entries.some(
      (entry) => entry.state === "waiting" || entry.state === "sending" || entry.lost,
    );
  }

  #again(which: (entry: Upload<R>) => boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const entry of this.#entries) {
      if (entry.state === "failed" && which(entry))
        Object.assign(entry, { state: "waiting", sent: 0, error: null, lost: false });
    }
    this.#pump();
  }

  #againLater(): void {
    if (this.#stopped || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#again((entry) => entry.lost), this.#pause);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
  }

  #pump(): void {
    while (!this.#stopped && this.#timer === undefined && this.#sending < this.atOnce) {
      const next = this.#entries.find((entry) => entry.state === "waiting");
      if (!next) break;
      void this.#sendOne(next);
    }
    this.#report();
  }

  async #sendOne(entry: Upload<R>): Promise<void> {
    const file = this.#files.get(entry.key);
    if (!file) return;
    entry.state = "sending";
    this.#sending += 1;
    try {
      entry.result = await this.send(file, (share) => {
        entry.sent = share;
        this.#report();
      });
      entry.sent = 1;
      entry.state = "done";
      // The bytes are on the server: let the browser have the memory back.
      this.#files.delete(entry.key);
      this.#pause = FIRST_PAUSE;
      if (this.#timer !== undefined) this.#again((one) => one.lost);
    } catch (error) {
      entry.state = "failed";
      entry.error = error instanceof Error ? error.message : String(error);
      entry.lost = this.isLost(error);
      if (entry.lost) this.#againLater();
    } finally {
      this.#sending -= 1;
      this.#pump();
    }
  }

  #report(): void {
    // Copies, so that a caller that compares by identity sees each change.
    this.changed(this.#entries.map((entry) => ({ ...entry })));
  }
}

function identity(file: Sendable): string {
  return `${file.name}|${file.size}|${file.lastModified}`;
}

/** How many files stand where; the line above the list. */
export function tally(uploads: readonly Upload[]): Tally {
  const counts: Tally = {
    waiting: 0,
    sending: 0,
    failed: 0,
    imported: 0,
    duplicate: 0,
    quarantined: 0,
    refused: 0,
  };
  for (const upload of uploads) {
    if (upload.result) counts[upload.result.status] += 1;
    else if (upload.state !== "done") counts[upload.state] += 1;
  }
  return counts;
}
