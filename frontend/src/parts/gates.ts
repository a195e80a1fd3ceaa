/** What a study asks of a reader's calibration, as the queue of the server decides it. */

import type { CalibrationTry, Gate } from "../contract";

/** Over all that was read in one try: films enough, and the kappa reached. */
export const passes = (gate: Gate, tries: readonly CalibrationTry[]): boolean =>
  tries.some(
    ({ committed, kappa }) => committed >= gate.films && kappa !== null && kappa >= gate.kappa,
  );
