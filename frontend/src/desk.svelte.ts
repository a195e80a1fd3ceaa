/**
 * The reader's desk: the corner at hand, the marks that the keys set, and what is asked. Screens
 * show it and keys act on it.
 */

import type * as c from "./contract";
import { DeskFilms } from "./desk_films.svelte";
import type { DeskFilm } from "./desk_place.svelte";
import type { Question } from "./desk_question";
import type { Turn } from "./desk_turns.svelte";
import type { Towards } from "./level_shift";
import { siteOf, type Finding, type Grade, type SiteCode } from "./msasss";
import * as grades from "./reader_grades";

/** Milliseconds within which nobody has looked at a corner. */
const BOUNCE = 150;

export class Desk extends DeskFilms {
  get rapid(): boolean {
    return this.reading?.round.kind === "relabel";
  }

  get findings(): Finding[] {
    const instrument = this.reading?.instrument;
    return instrument && this.site ? grades.findingsAsked(instrument, this.site) : [];
  }

  can(turn: Turn): boolean {
    return !this.committed && !!this.place.active?.turns.can(turn);
  }

  // --- where ------------------------------------------------------------------------------------

  step(by: number): void {
    if (this.reading) this.go(grades.neighbour(this.reading.sites, this.site, by));
  }

  /** The same corner on the next film of the pair. */
  otherFilm(): void {
    this.place.turn();
    this.go(this.site);
  }

  /** To the graded corner of a disc that comes first. */
  goToDisc(disc: string): void {
    const site = this.reading?.sites.find((code) => siteOf(code).disc === disc);
    if (site && siteOf(this.site).disc !== disc) this.go(site);
  }

  /** A picture of the place is still on its way. */
  get coming(): boolean {
    return this.place.films.some(({ seen }) => !seen);
  }

  /** A film that never comes can still be called not assessable. */
  get seen(): boolean {
    return this.place.active?.seen ?? false;
  }

  /** In rapid mode the next corner comes by itself: a key that bounces is not its grade. */
  private get bounced(): boolean {
    return this.rapid && performance.now() - this.shownAt < BOUNCE;
  }

  grade(grade: Grade): void {
    if (this.bounced || !this.seen) return;
    const before = this.marks[this.site];
    const kept = grade === 1 && before?.grade === 1 ? before.findings : [];
    this.decide(this.site, grades.graded(grade, kept), true);
  }

  /** A finding makes the corner a 1 and stays there, because there may be a second finding. */
  finding(finding: Finding): void {
    if (!this.seen || !this.findings.includes(finding)) return;
    const before = this.marks[this.site];
    const had = before?.grade === 1 ? before.findings : [];
    const now = had.includes(finding) ? had.filter((f) => f !== finding) : [...had, finding];
    this.decide(this.site, grades.graded(1, now), false);
  }

  /** Of the corner that was asked about, wherever the desk has gone meanwhile. */
  notAssessable(reason: string): void {
    const site = this.question?.kind === "reason" ? this.question.site : this.site;
    this.question = null;
    this.decide(site, grades.notAssessable(reason), true);
  }

  /** The film does not show the disc: neither of its corners can be graded. */
  outOfFilm(disc: string): void {
    if (!this.writable) return;
    const film = this.place.active as DeskFilm;
    const corners = grades.outOfFilm(film.reading.sites, film.marks, disc);
    for (const { site, mark, partner } of corners) this.record(film, site, mark, partner);
    const last = corners.at(-1);
    if (last) this.advance(film, last.site);
  }

  ask(question: Question): void {
    if (this.writable) this.question = question;
  }

  /** The facing corner's grade after a bridge was taken back. */
  answerPartner(partner: c.Mark): void {
    if (this.question?.kind !== "partner") return;
    const { site, mark } = this.question;
    this.question = null;
    this.graded(site, mark, partner, true);
  }

  private decide(site: SiteCode, mark: c.Mark, advance: boolean): void {
    if (!this.writable) return;
    const asks = grades.needsPartner(this.reading?.sites ?? [], this.marks, site, mark);
    if (asks) this.question = { kind: "partner", site, mark };
    else this.graded(site, mark, null, advance);
  }

  private graded(site: SiteCode, mark: c.Mark, partner: c.Mark | null, advance: boolean): void {
    const film = this.place.active as DeskFilm;
    this.record(film, site, mark, partner);
    if (advance) this.advance(film, site);
  }

  private record(film: DeskFilm, site: SiteCode, mark: c.Mark, partner: c.Mark | null): void {
    const before = film.marks;
    film.marks = grades.marked(before, site, mark, partner);
    film.turns.record(before, film.marks, site);
    const body = {
      site,
      ...mark,
      partner,
      ms_spent: Math.round(performance.now() - this.shownAt),
      window: film.window,
    };
    void this.send("grade", body, film);
  }

  /** On from a corner that was just graded. */
  private advance(film: DeskFilm, site: SiteCode): void {
    const open = this.place.missing[0];
    // A film that is read through gives way to the other one.
    if (film.missing.length === 0 && open) return this.go(open.site, open.at);
    this.go(grades.nextSite(film.reading.sites, film.marks, site));
    if (this.rapid && !open) this.commit();
  }

  turn(turn: Turn): void {
    const film = this.place.active;
    if (!film || !this.writable || !this.can(turn)) return;
    const { turned, told } = this.place.replay(turn);
    if (turned) {
      const { sites } = film.reading;
      this.go(turn === "undo" ? turned.site : grades.nextSite(sites, turned.marks, turned.site));
    }
    if (told) void this.send(turn, {}, told);
  }

  /** The levels were counted wrong: grades and points of the place move by one disc. */
  shiftLevels(towards: Towards): void {
    this.question = null;
    const film = this.writable ? this.place.shift(towards) : null;
    if (film) void this.send("level_shift", { towards }, film);
  }
}
