/** A background job as state of a screen, followed until it ends or the screen is left. */

import * as api from "../api";
import type { Job } from "../contract";
import { followJob } from "./jobs";

export class Following {
  job = $state.raw<Job | null>(null);
  unreachable = $state<string | null>(null);
  #stop: () => void = () => {};

  constructor(private readonly ended: (job: Job) => void = () => {}) {}

  follow(job: Job): void {
    this.#stop();
    this.job = job;
    this.#stop = followJob<Job>(job.id, {
      get: api.job,
      changed: (now) => (this.job = now),
      ended: this.ended,
      unreachable: (sentence) => (this.unreachable = sentence),
    });
  }

  stop = (): void => this.#stop();
}
