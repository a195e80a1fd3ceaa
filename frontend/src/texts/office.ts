/** Texts of the office screens: radiographs, studies, agreement, model versions, datasets. */

import { agreement } from "./agreement";
import { datasets } from "./datasets";
import { modelVersions } from "./modelVersions";
import { radiographs } from "./radiographs";
import { studies } from "./studies";

export const office = {
  radiographs,
  studies,
  agreement,
  modelVersions,
  datasets,
  cancel: "Cancel",
  film: "film",
  reader: "reader",
  corner: "corner",
  regions: { C: "Cervical", L: "Lumbar" },
  notGiven: "–",
  confusion: {
    grade: "Grade",
    total: "All",
    cell: (row: number, column: number, corners: string, share: string) =>
      `${corners} graded ${row} and ${column}: ${share} of row ${row}`,
    shading: "The shading is the share of the row; the outlined diagonal is agreement.",
  },
  job: {
    states: {
      queued: "Waiting for a worker",
      running: "Running",
      succeeded: "Finished",
      failed: "Failed",
      cancelled: "Cancelled",
    },
    cancel: "Cancel",
    done: (percent: string, message: string | null) =>
      message ? `${percent} done. ${message}` : `${percent} done`,
    unexplained: "It failed without a reason. Look into the worker's log.",
    unreachable: (sentence: string) => `${sentence} The work goes on; this page asks again.`,
  },
};
