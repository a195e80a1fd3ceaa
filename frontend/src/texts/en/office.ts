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
  films: (n: number, shown: string) => (n === 1 ? "1 film" : `${shown} films`),
  readers: (n: number, shown: string) => (n === 1 ? "1 reader" : `${shown} readers`),
  corners: (n: number, shown: string) => (n === 1 ? "1 corner" : `${shown} corners`),
  interval: (low: string, high: string) => `${low} to ${high}`,
  iccForms: {
    "ICC(1,1)": "one-way random, single reader",
    "ICC(2,1)": "two-way random, absolute agreement, single reader",
    "ICC(3,1)": "two-way mixed, consistency, single reader",
    "ICC(1,k)": "one-way random, mean of k readers",
    "ICC(2,k)": "two-way random, absolute agreement, mean of k readers",
    "ICC(3,k)": "two-way mixed, consistency, mean of k readers",
  },
  duration: {
    seconds: (s: number) => `${s} s`,
    minutes: (m: number, s: string) => `${m} min ${s} s`,
    hours: (h: number, m: string) => `${h} h ${m} min`,
  },
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
    stopping: "Stopping",
    done: (percent: string, message: string | null) =>
      message ? `${percent} done. ${message}` : `${percent} done`,
    unexplained: "It failed without a reason. Look into the worker's log.",
    unreachable: (sentence: string) => `${sentence} The work goes on; this page asks again.`,
  },
};
