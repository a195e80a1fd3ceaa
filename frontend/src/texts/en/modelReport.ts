/** Texts of a model's whole report, of the gate, and of promotion without a person. */

export const report = {
  title: (name: string) => `Everything that was measured of ${name}`,
  none: "This version has no report: it was evaluated before there was one.",
  intervals: (patients: number, times: number) =>
    `95 % intervals in small print: test patients, ${patients} in all, drawn again as wholes, ${times} times.`,
  grades: "Each grade against the others",
  grade: "Grade",
  counts: {
    tp: "True positives",
    tn: "True negatives",
    fp: "False positives",
    fn: "False negatives",
  },
  shares: {
    sensitivity: "Sensitivity",
    specificity: "Specificity",
    ppv: "PPV",
    npv: "NPV",
    f1: "F1",
    accuracy_ovr: "Accuracy, one-vs-rest",
  },
  mean: "Mean of the grades",
  multiclass: "Accuracy, exact grade (multiclass):",
  kappa: "Quadratic kappa",
  twoAccuracies:
    "One-vs-rest accuracy counts every true negative and is always higher than the share of corners graded right: compare it only with one-vs-rest figures.",
  pairs: "Grades taken for each other",
  pair: "Pair",
  upwards: "Lower read as higher",
  downwards: "Higher read as lower",
  shareOfErrors: "Share of all errors",
  pairRate: "Of corners of the pair",
  pairsHint: "Most frequent first. An error between 2 and 3 moves both corners of the disc.",
  scores: "Scores and their change, model minus truth",
  score: "Score",
  scales: {
    mSASSS: "mSASSS (0–72)",
    cervical: "Cervical (0–36)",
    lumbar: "Lumbar (0–36)",
  } as Record<string, string>,
  change: (scale: string) => `Change: ${scale}`,
  bias: "Bias",
  limits: "95 % limits",
  mae: "Mean error",
  falseTotal: "Where truth is 0",
  noScores: "No test patient has enough graded corners for a score.",
  scoresHint:
    "ICC(2,1): two-way random, absolute agreement, single rater. Change is from a patient's first to the last visit; missing sites by the R3 rule. “Where truth is 0” is what the model gives patients who have nothing.",
  beside: "The model beside the readers",
  raterPair: "Between",
  raters: { truth: "Truth", model: "Model" } as Record<string, string>,
  corners: "Corners",
  patients: "Patients",
  exact: "Exact grade",
  changeIcc: "ICC(2,1) of change",
  besideHint:
    "Below the line: readers beside each other on the same films. A model within the readers' own variability has rows like theirs. The readers are part of the truth, the model is not.",
  noReaders:
    "The snapshot holds no reads of single readers, so no two readers stand beside each other.",
  strata: { level: "By level", centre: "By centre", scanner: "By scanner", device: "By device" },
  stratum: { level: "Level", centre: "Centre", scanner: "Scanner", device: "Device" },
  found: (grade: number) => `Finds ${grade}`,
  cornerBias: "Bias per corner",
  calibration: "Do the probabilities mean what they say?",
  before: "Before calibration",
  after: "As served",
  brier: "Brier score",
  ece: "Calibration error (ECE)",
  logLoss: "Log loss",
  reliability: (grade: number) => `Grade ${grade}`,
  said: "probability said",
  seen: "share found",
  calibrationHint:
    "Smaller is better in all three. In the diagrams the dotted diagonal is perfect, the dashed line is before calibration; points of fewer than five corners are left out.",
  perPatient: "Total and change per patient",
  patient: "Patient",
  visits: "Visits: true, model",
  visit: (days: number, truth: string, model: string) => `day ${days}: ${truth}, ${model}`,
  furthest: "Furthest apart",
  trueChange: "True change",
  modelChange: "Model's change",
  allPatients: (n: number) => `Show all ${n}`,
  fewer: (n: number) => `Show the first ${n}`,
};

export const gate = {
  verdicts: {
    better: (candidate: string, serving: string) => `${candidate} is better than ${serving}.`,
    worse: (candidate: string, serving: string) => `${candidate} is worse than ${serving}.`,
    not_worse: (candidate: string, serving: string) => `${candidate} is not worse than ${serving}.`,
    open: (candidate: string, serving: string) =>
      `${candidate} cannot be told from ${serving}: it may be better or worse.`,
    unknown: (candidate: string, serving: string) =>
      `Whether ${candidate} is better than ${serving} cannot be said.`,
  },
  because: (figure: string, difference: string, limits: string, patients: number) =>
    `${figure}: difference ${difference} (95 % interval ${limits}); test patients: ${patients}.`,
  tooFew: (patients: number) =>
    `No interval comes from ${patients} test ${patients === 1 ? "patient" : "patients"}. Read more films of test patients.`,
  caption: (candidate: string, serving: string) =>
    `${candidate} beside ${serving}, on the same frozen test patients`,
  figure: "Figure",
  candidate: "Candidate",
  serving: "Serving",
  difference: "Difference",
  interval: "95 % interval",
  hint: (margin: string) =>
    `The interval is of the difference, patients drawn in pairs. “Not worse”: at most ${margin} lost with 97.5 % certainty. For bias the distance from 0 is compared.`,
  figures: {
    kappa_quadratic: "Quadratic kappa",
    multiclass_accuracy: "Accuracy, exact grade (multiclass)",
    "mean.accuracy_ovr": "Accuracy, mean of one-vs-rest",
    "mean.sensitivity": "Sensitivity, mean over grades",
    "sensitivity.0": "Sensitivity, grade 0",
    "sensitivity.1": "Sensitivity, grade 1",
    "sensitivity.2": "Sensitivity, grade 2",
    "sensitivity.3": "Sensitivity, grade 3",
    bias: "Bias per film, predicted minus true",
    within_2_mm: "Discs within 2 mm",
    mean_error_mm: "Mean point error, mm",
    off_by_a_level: "Discs off by a level",
  } as Record<string, string>,
  pointsTruth: (byReaders: string, discs: string, within: string | null) =>
    `Of these discs, ${discs} in all, readers placed ${byReaders}. The others stand where a model found them and no reader moved them: a network like that one looks better on them than it is, and a better one worse.` +
    (within === null
      ? ""
      : ` Of the discs that readers placed, ${within} are within 2 mm; they are the ones that the model had wrong.`),
  stale: (beside: string, serving: string) =>
    `This comparison is with ${beside}; ${serving} serves now. Compare again before you promote.`,
  again: "Compare again",
};

export const bounds = {
  title: "Promotion without a person",
  enabled: "Let scheduled candidates of this study serve when they keep these bounds",
  intro:
    "All four must hold, on the frozen test patients. Every such promotion, and every objection, is in the audit records.",
  most_kappa_lost: "Quadratic kappa lost, at most (lower limit)",
  least_recall_2: "Sensitivity for grade 2, at least",
  most_bias: "Bias of totals, at most (units, either way)",
  least_patients: "Test patients, at least",
  submit: "Save the bounds",
  submitting: "Saving…",
  saved: "The bounds are saved.",
};
