/** The shapes of work that takes time, exactly as the server names them. */

export type ModelTask = "key_points" | "corner_grades";
export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export interface Job {
  id: number;
  kind: string;
  state: JobState;
  /** 0 to 1 */
  progress: number;
  message: string | null;
  error: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  result: Record<string, unknown> | null;
  /** A person has asked it to stop, and it has not yet. */
  cancel_asked: boolean;
  /** Nobody: the schedule, or the program itself. */
  asked_by: string | null;
  training: { study: string | null; task: ModelTask; recipe: string } | null;
}

/** In the result of a pre-grading. */
export interface FailedFilm {
  radiograph: number;
  reason: string;
}
