/** The English table. Its shape is what every other language has to fill. */

import { general } from "./general";
import { office } from "./office";
import { reading } from "./reading";

export const english = { ...general, reading, office };

export type Texts = typeof english;
