/** What a run of the models page is about: "Corner grades · quick · First reading". */

import type { Job } from "../contract";
import { texts } from "../texts";

export function aboutRun({ training }: Pick<Job, "training">): string {
  const t = texts.office.modelVersions;
  if (!training) return t.runs.comparison;
  return [t.tasks[training.task], training.recipe, training.study].filter(Boolean).join(" · ");
}

/** A training that failed, as long as nobody has trained the same since. Runs are newest first. */
export function mayGoOn<Run extends Pick<Job, "training" | "state">>(
  run: Run,
  runs: readonly Run[],
): boolean {
  if (run.state !== "failed" || !run.training) return false;
  const { task, recipe, study } = run.training;
  const same = ({ training: of }: Run) =>
    of?.task === task && of.recipe === recipe && of.study === study;
  return runs.find(same) === run;
}
