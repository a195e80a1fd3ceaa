/** What the desk asks before it goes on; one question at a time. */

import type { Mark } from "./contract";
import type { SiteCode } from "./msasss";

export type Question =
  | { kind: "reason"; site: SiteCode }
  | { kind: "partner"; site: SiteCode; mark: Mark }
  | { kind: "missing"; sites: SiteCode[] }
  | { kind: "help" };
