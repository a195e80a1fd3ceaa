/** 한국어. The Korean table, complete; loaded only when it is wanted. */

import type { Texts } from "../en";
import { calibration } from "./calibration";
import { general } from "./general";
import { office } from "./office";
import { reading } from "./reading";
import fromServer from "./server.json";

export const korean: Texts = { ...general, calibration, reading, office, fromServer };
