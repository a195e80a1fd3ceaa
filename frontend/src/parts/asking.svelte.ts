/** What a screen asks of the server, with its waiting and its failure as state. */

import { sentenceOf } from "../api";

/** Something loaded and loaded again; a late answer to an earlier question is thrown away. */
export class Loaded<T> {
  value = $state.raw<T | null>(null);
  failure = $state("");
  loading = $state(false);
  #asked = 0;

  constructor(private readonly ask: () => Promise<T>) {}

  load = async (): Promise<void> => {
    const asked = ++this.#asked;
    this.loading = true;
    try {
      const value = await this.ask();
      if (asked !== this.#asked) return;
      this.value = value;
      this.failure = "";
    } catch (error) {
      if (asked === this.#asked) this.failure = sentenceOf(error);
    } finally {
      if (asked === this.#asked) this.loading = false;
    }
  };
}

/** Something a button does: once at a time, with its failure as a sentence. */
export class Action {
  running = $state(false);
  failure = $state("");

  /** True when it was done; a second call while the first runs does nothing. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    if (this.running) return false;
    this.running = true;
    this.failure = "";
    try {
      await work();
      return true;
    } catch (error) {
      this.failure = sentenceOf(error);
      return false;
    } finally {
      this.running = false;
    }
  }
}
