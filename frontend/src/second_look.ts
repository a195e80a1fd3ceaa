/** The second look: one's own grades once more, with the model's beside them. */

import type { Marks, ModelGrades, Reading } from "./contract";
import type { SiteCode } from "./msasss";
import { graded } from "./reader_grades";

/** The model's grades as marks. */
export function modelMarks({ corners }: ModelGrades): Marks {
  const found: Marks = {};
  for (const [site, guess] of Object.entries(corners)) if (guess) found[site] = graded(guess.grade);
  return found;
}

/** The corners where the model's grade is another one than the mark, from the top down. */
export function differing(sites: readonly SiteCode[], marks: Marks, other: Marks): SiteCode[] {
  return sites.filter((site) => other[site] && other[site].grade !== marks[site]?.grade);
}

/** The corner to look at first; none outside of a second look, or where all are the same. */
export function toLookAt({ first_marks, model, sites, marks }: Reading): SiteCode | undefined {
  return first_marks && model ? differing(sites, marks, modelMarks(model))[0] : undefined;
}
