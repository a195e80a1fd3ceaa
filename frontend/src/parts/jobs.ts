/**
 * Following a background job by asking the server again and again.
 *
 * Polling, not a socket: a job lives for minutes, a missed answer costs nothing, and it works
 * through every hospital proxy. A failed question is told and asked again, it never ends the
 * following: the job goes on whether we can see it or not.
 */

export interface Followed {
  id: number | string;
  state: "queued" | "running" | "succeeded" | "failed" | "cancelled";
}

export interface FollowHandlers<J extends Followed> {
  get: (id: J["id"]) => Promise<J>;
  /** Called with every answer. */
  changed: (job: J) => void;
  /** Called once, when the job has ended. */
  ended: (job: J) => void;
  /** Called with the sentence when an answer did not come, with null when they come again. */
  unreachable?: (sentence: string | null) => void;
}

const ENDED: ReadonlySet<string> = new Set(["succeeded", "failed", "cancelled"]);

export function hasEnded(job: Pick<Followed, "state">): boolean {
  return ENDED.has(job.state);
}

/** Follows until the job ends; returns the function that stops following (not the job). */
export function followJob<J extends Followed>(
  id: J["id"],
  handlers: FollowHandlers<J>,
  everyMs = 1000,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  async function ask(): Promise<void> {
    try {
      const job = await handlers.get(id);
      if (stopped) return;
      handlers.unreachable?.(null);
      handlers.changed(job);
      if (hasEnded(job)) {
        handlers.ended(job);
        return;
      }
    } catch (error) {
      if (stopped) return;
      handlers.unreachable?.(error instanceof Error ? error.message : String(error));
    }
    timer = setTimeout(() => void ask(), everyMs);
  }

  void ask();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
