/** The English table. Its shape is what every other language has to fill. */

import { calibration } from "./calibration";
import { general } from "./general";
import { office } from "./office";
import { reading } from "./reading";

export const english = { ...general, calibration, reading, office };

export type Texts = typeof english;
