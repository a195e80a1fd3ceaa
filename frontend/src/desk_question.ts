/** What the desk asks before it goes on; one question at a time. */

import type { Mark } from "./contract";
import type { Spot } from "./desk_place.svelte";
import type { SiteCode } from "./msasss";

export type Question =
  | { kind: "reason"; site: SiteCode }
  | { kind: "partner"; site: SiteCode; mark: Mark }
  | { kind: "missing"; corners: Spot[] }
  | { kind: "levels" }
  | { kind: "help" };
