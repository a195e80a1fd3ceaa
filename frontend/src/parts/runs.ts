/** What a run of the models page is about: "Corner grades · quick · First reading". */

import type { Job } from "../contract";
import { texts } from "../texts";

export function aboutRun({ training }: Pick<Job, "training">): string {
  const t = texts.office.modelVersions;
  if (!training) return t.runs.comparison;
  return [t.tasks[training.task], training.recipe, training.study].filter(Boolean).join(" · ");
}
