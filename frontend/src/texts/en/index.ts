/** The English table. Its shape is what every other language has to fill. */

import { calibration } from "./calibration";
import { general } from "./general";
import { office } from "./office";
import { reading } from "./reading";

/** The server's own sentences by what the server says; it says them in English. */
const fromServer: Readonly<Record<string, string>> = {};

export const english = { ...general, calibration, reading, office, fromServer };

export type Texts = typeof english;
