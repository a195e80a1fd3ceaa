/**
 * What a reader's key does to the marks of a film: the facing-corner rule, the order of the
 * corners, undo and redo. Pure; the server applies the same rules again.
 */

import type { Instrument, Mark, Marks } from "./contract";
import {
  BRIDGE,
  facing,
  siteOf,
  type Finding,
  type Grade,
  type Region,
  type SiteCode,
} from "./msasss";
import type { DiscPoints } from "./viewer/corner_regions";

export const graded = (grade: Grade, findings: readonly string[] = []): Mark => ({
  grade,
  not_assessable: null,
  findings: [...findings],
});

export const notAssessable = (reason: string): Mark => ({
  grade: null,
  not_assessable: reason,
  findings: [],
});

const isBridge = (mark: Mark | undefined) => mark?.grade === BRIDGE;

/**
 * A bridge is taken back: what is the facing corner then? Only the reader can tell, where it is one
 * of the corners (`sites`) to grade here.
 */
export const needsPartner = (
  sites: readonly SiteCode[],
  marks: Marks,
  site: SiteCode,
  mark: Mark,
): boolean => !isBridge(mark) && isBridge(marks[facing(site)]) && sites.includes(facing(site));

/**
 * The marks after one decision. A bridge stands on both facing corners or on neither: where nobody
 * is asked about the facing corner, it is blank again.
 */
export function marked(marks: Marks, site: SiteCode, mark: Mark, partner: Mark | null): Marks {
  const { [facing(site)]: before, ...others } = marks;
  const across = isBridge(mark) ? graded(BRIDGE) : isBridge(before) ? partner : before;
  return { ...others, ...(across ? { [facing(site)]: across } : {}), [site]: mark };
}

/** A disc that the film does not show: what to write at its corners, one entry per action. */
export function outOfFilm(
  sites: readonly SiteCode[],
  marks: Marks,
  disc: string,
): { site: SiteCode; mark: Mark; partner: Mark | null }[] {
  const mark = notAssessable("off_film");
  const corners = sites.filter((site) => siteOf(site).disc === disc);
  const [first] = corners;
  // A bridge is left on both corners at once.
  if (first && needsPartner(sites, marks, first, mark))
    return [{ site: first, mark, partner: mark }];
  return corners.map((site) => ({ site, mark, partner: null }));
}

export const missing = (sites: readonly SiteCode[], marks: Marks): SiteCode[] =>
  sites.filter((site) => !marks[site]);

/**
 * Where to go after a decision: the next corner down the spine without a mark, else the first
 * one above, else stay.
 */
export function nextSite(sites: readonly SiteCode[], marks: Marks, from: SiteCode): SiteCode {
  const at = sites.indexOf(from);
  const round = [...sites.slice(at + 1), ...sites.slice(0, at)];
  return round.find((site) => !marks[site]) ?? from;
}

/** The corner `by` places away, stopping at the ends. */
export function neighbour(sites: readonly SiteCode[], from: SiteCode, by: number): SiteCode {
  const at = Math.min(sites.length - 1, Math.max(0, sites.indexOf(from) + by));
  return sites[at] ?? from;
}

/** The findings of grade 1 that this study asks for at a corner. */
export function findingsAsked(instrument: Instrument, site: SiteCode): Finding[] {
  if (!instrument.finding_flags) return [];
  const { region, vertebra } = siteOf(site);
  return squaringCounts(instrument, region, vertebra)
    ? ["erosion", "sclerosis", "squaring"]
    : ["erosion", "sclerosis"];
}

function squaringCounts(instrument: Instrument, region: Region, vertebra: string): boolean {
  if (region === "L" || instrument.cervical_squaring === "all") return true;
  return instrument.cervical_squaring === "C5_C6" && (vertebra === "C5" || vertebra === "C6");
}

/** Two tables of marks that say the same, findings aside. */
export function sameMarks(a: Marks, b: Marks): boolean {
  const said = (marks: Marks, site: SiteCode) =>
    `${marks[site]?.grade} ${marks[site]?.not_assessable}`;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every(
    (site) => said(a, site) === said(b, site),
  );
}

/** Points that moved together with grades. */
export interface PointsStep {
  before: readonly DiscPoints[];
  after: readonly DiscPoints[];
}

/** One move of levels; films that are read together share it. */
export type Shift = symbol;

interface Step {
  before: Marks;
  after: Marks;
  site: SiteCode;
  points?: PointsStep | undefined;
  shift?: Shift | undefined;
}

interface Turned {
  history: History;
  marks: Marks;
  site: SiteCode;
  points: readonly DiscPoints[];
  /** There were grades before the step. */
  graded: boolean;
}

/** What can be taken back and done again in this page; immutable. */
export class History {
  constructor(
    private readonly done: readonly Step[] = [],
    private readonly undone: readonly Step[] = [],
  ) {}

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  /** The move of levels that is taken back, or done again, next; none for any other step. */
  nextShift(turn: "undo" | "redo"): Shift | undefined {
    return (turn === "undo" ? this.done : this.undone).at(-1)?.shift;
  }

  with(step: Step): History {
    return new History([...this.done, step], []);
  }

  undo(): Turned | null {
    const step = this.done.at(-1);
    if (!step) return null;
    const history = new History(this.done.slice(0, -1), [...this.undone, step]);
    return turned(history, step, step.before, step.points?.before);
  }

  redo(): Turned | null {
    const step = this.undone.at(-1);
    if (!step) return null;
    const history = new History([...this.done, step], this.undone.slice(0, -1));
    return turned(history, step, step.after, step.points?.after);
  }
}

const turned = (
  history: History,
  { site, before }: Step,
  marks: Marks,
  points: readonly DiscPoints[] = [],
): Turned => ({ history, marks, site, points, graded: Object.keys(before).length > 0 });
