/** The shapes of the REST contract of calibration, exactly as the server names them. */

/** One pass of a reader through a deck; kappa is quadratic, its interval resamples patients. */
export interface CalibrationTry {
  round: number;
  number: number;
  films: number;
  committed: number;
  corners: number;
  kappa: number | null;
  low: number | null;
  high: number | null;
}

/** What a study asks before the first film. */
export interface Gate {
  study: string;
  kappa: number;
  films: number;
}

export interface CalibrationDeck {
  deck: { id: number; name: string };
  tries: CalibrationTry[];
  gates: Gate[];
}

export interface Deck {
  id: number;
  name: string;
  films: number;
  corners: number;
  source: string;
  readers: { reader: string; tries: CalibrationTry[] }[];
  gates: Gate[];
}

export interface NewDeck {
  name: string;
  readers: string[];
  /** Its consensus is the answer; else `labels` is a table. */
  study: number | null;
  labels: string;
}
