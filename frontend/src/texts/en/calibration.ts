/** Texts of calibration: a reader's decks, making a deck, who passed. */

export const calibration = {
  title: "Calibration",
  intro:
    "Films whose grades are known. After each film you see the known grades beside yours. These reads enter no study.",
  emptyTitle: "No deck for you",
  empty: "A coordinator gives you a deck, or a study that you read in asks for one.",
  asks: (study: string, kappa: string, films: string) =>
    `“${study}” asks for a weighted kappa of ${kappa} over ${films} or more before its first film.`,
  passed: "Reached",
  notPassed: "Not reached yet",
  attempt: "Try",
  read: "Films read",
  readOf: (done: string, all: string) => `${done} of ${all}`,
  kappa: "Weighted kappa",
  range: "95 % interval",
  corners: "Corners",
  caption: "Your tries of this deck",
  go: "Read",
  again: "Begin it again",
  form: "Quadratic weights, over the corners that both graded; interval by resampling patients.",
  answers: {
    title: "Committed. The known grades beside yours",
    yours: "Yours",
    answer: "Known",
    agree: (n: number, all: number) =>
      `Same as known at ${n} of ${all} ${all === 1 ? "corner" : "corners"}.`,
  },
  decks: {
    title: "Calibration decks",
    intro:
      "A deck is a set of films with known grades. Readers read it like a round and see the answers afterwards; it never enters agreement, consensus or training.",
    create: "New deck",
    emptyTitle: "No decks yet",
    empty: "Make one from what a study holds to be true, or from a table of labels.",
    size: (films: string, corners: string, source: string) =>
      `${films}, ${corners} with an answer, from: ${source}`,
    caption: "Readers of the deck and their newest try",
    reader: "Reader",
    tries: "Tries",
    gate: "Asked for by",
    nobody: "Nobody has this deck yet.",
    noGate: "No study asks for it.",
    name: "Name",
    from: "Known grades",
    fromStudy: "What a study holds to be true",
    fromLabels: "A table of labels",
    study: "Study",
    labels: "Labels (CSV)",
    labelsHint:
      "First line film,corner,grade. Then a line per corner, such as 12,L1_INF,2 or 12,L5_INF,obscured.",
    readers: "Readers",
    readersHint:
      "They find the deck in their worklist. Readers of a study that asks for it get it by themselves.",
    noReaders: "No user has the role reader.",
    submit: "Make the deck",
    submitting: "Making…",
    give: "Give it to more readers",
    giveSubmit: "Give the deck",
  },
  gate: {
    legend: "Calibration before the first film",
    none: "Not asked for",
    kappa: "Least weighted kappa",
    films: "Least number of films",
    invalid: "Write a kappa from 0.01 to 1 and a whole number of films.",
    fact: (deck: string, kappa: string) => `${deck}, kappa ${kappa} or more`,
  },
};
