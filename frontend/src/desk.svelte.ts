/**
 * The reader's desk: one film at a time with its marks, the corner at hand, and what is asked.
 * Screens show it and keys act on it; every decision leaves through the outbox.
 */

import * as api from "./api";
import { ApiError } from "./api";
import type * as c from "./contract";
import { DeskAhead } from "./desk_ahead.svelte";
import { DeskHold, isLost } from "./desk_hold";
import { DeskPlace, type DeskFilm } from "./desk_place.svelte";
import type { DeskPoints } from "./desk_points.svelte";
import type { Question } from "./desk_question";
import { isTurn, type Turn } from "./desk_turns.svelte";
import type { Towards } from "./level_shift";
import { siteOf, type Finding, type Grade, type SiteCode } from "./msasss";
import type { Entry, Kind, Outbox, SendFailure } from "./outbox";
import * as grades from "./reader_grades";
import { listen, stamped } from "./saving.svelte";
import { told } from "./texts";

export class Desk {
  readonly place = new DeskPlace(
    (film) => (points) => void this.send("disc_points", points, film),
    () => this.writable,
  );
  site = $state<SiteCode>("");
  question = $state.raw<Question | null>(null);
  committing = $state(false);
  /** Why there is no film, or why this one cannot be read on. */
  sentence = $state("");
  finished = $state(false);
  failure = $state("");

  readonly ahead = new DeskAhead();
  private readonly hold = new DeskHold((sentence) => (this.sentence = sentence));
  private shownAt = 0;
  private readonly unlisten: () => void;

  constructor(
    private readonly round: number,
    private readonly outbox: Outbox,
  ) {
    this.unlisten = listen(
      (entry, answer, waiting) => this.answered(entry, answer, waiting),
      (entry, failure) => void this.refused(entry, failure),
    );
  }

  close(): void {
    this.place.flush();
    this.unlisten();
    this.hold.let();
  }

  /** Of the film that the keys act on. */
  get reading(): c.Reading | null {
    return this.place.active?.reading ?? null;
  }

  get marks(): c.Marks {
    return this.place.active?.marks ?? {};
  }

  get points(): DeskPoints {
    return (this.place.active as DeskFilm).points;
  }

  get committed(): boolean {
    return this.reading?.state === "committed";
  }

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

  // --- films -----------------------------------------------------------------------------------

  /** Ask for the reader's next film. */
  async next(): Promise<void> {
    this.failure = "";
    try {
      await this.outbox.idle(); // a film left half sent by an earlier page
      this.show(await api.nextReading(this.round));
    } catch (error) {
      this.failure = api.sentenceOf(error);
    } finally {
      this.committing = false;
    }
  }

  private show({ reading, sentence }: c.NextReading): void {
    if (reading) return this.take(reading);
    this.hold.let();
    this.place.begin(null);
    [this.finished, this.sentence, this.committing] = [true, told(sentence), false];
  }

  private take(reading: c.Reading): void {
    this.place.begin(reading);
    this.question = null;
    [this.committing, this.finished, this.sentence] = [false, false, ""];
    this.go(this.place.missing[0]?.site ?? reading.sites[0] ?? "");
    this.ahead.learn(reading);
    void this.hold.take(reading.id);
  }

  // --- corners ---------------------------------------------------------------------------------

  go(site: SiteCode, at = this.place.at): void {
    this.place.at = at;
    this.site = site;
    this.shownAt = performance.now();
  }

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

  grade(grade: Grade): void {
    const before = this.marks[this.site];
    const kept = grade === 1 && before?.grade === 1 ? before.findings : [];
    this.decide(this.site, grades.graded(grade, kept), true);
  }

  /** A finding makes the corner a 1 and stays there, because there may be a second finding. */
  finding(finding: Finding): void {
    if (!this.findings.includes(finding)) return;
    const before = this.marks[this.site];
    const had = before?.grade === 1 ? before.findings : [];
    const now = had.includes(finding) ? had.filter((f) => f !== finding) : [...had, finding];
    this.decide(this.site, grades.graded(1, now), false);
  }

  notAssessable(reason: string): void {
    this.question = null;
    this.decide(this.site, grades.notAssessable(reason), true);
  }

  /** The film does not show the disc: neither of its corners can be graded. */
  outOfFilm(disc: string): void {
    if (!this.writable) return;
    const { sites } = this.reading as c.Reading;
    for (const { site, mark, partner } of grades.outOfFilm(sites, this.marks, disc))
      this.record(site, mark, partner, true);
  }

  ask(question: Question): void {
    if (this.writable) this.question = question;
  }

  /** The facing corner's grade after a bridge was taken back. */
  answerPartner(partner: c.Mark): void {
    if (this.question?.kind !== "partner") return;
    const { site, mark } = this.question;
    this.question = null;
    this.record(site, mark, partner, true);
  }

  private get writable(): boolean {
    return !!this.reading && !this.committed && !this.committing && !this.sentence;
  }

  private decide(site: SiteCode, mark: c.Mark, advance: boolean): void {
    if (!this.writable) return;
    const asks = grades.needsPartner(this.marks, site, mark);
    if (asks) this.question = { kind: "partner", site, mark };
    else this.record(site, mark, null, advance);
  }

  private record(site: SiteCode, mark: c.Mark, partner: c.Mark | null, advance: boolean): void {
    const film = this.place.active as DeskFilm;
    const before = film.marks;
    film.marks = grades.marked(before, site, mark, partner);
    film.turns.record(before, film.marks, site);
    void this.send("grade", {
      site,
      ...mark,
      partner,
      ms_spent: Math.round(performance.now() - this.shownAt),
      window: film.window,
    });
    if (!advance) return;
    const open = this.place.missing[0];
    // A film that is read through gives way to the other one.
    if (film.missing.length === 0 && open) return this.go(open.site, open.at);
    this.go(grades.nextSite(film.reading.sites, film.marks, site));
    if (this.rapid && !open) this.commit();
  }

  turn(turn: Turn): void {
    const film = this.place.active;
    if (!film || !this.writable || !this.can(turn)) return;
    const turned = film.turns.take(turn);
    if (turned) {
      const { sites } = film.reading;
      film.marks = turned.marks;
      film.points.placeAll(turned.points);
      this.go(turn === "undo" ? turned.site : grades.nextSite(sites, turned.marks, turned.site));
    }
    void this.send(turn, {});
  }

  /** The levels were counted wrong: grades and points of the place move by one disc. */
  shiftLevels(towards: Towards): void {
    this.question = null;
    const film = this.writable ? this.place.shift(towards) : null;
    if (film) void this.send("level_shift", { towards }, film);
  }

  // --- commit and answers ----------------------------------------------------------------------

  commit(): void {
    const place = this.place.asItStands();
    if (this.committed) return void this.next();
    if (!place || !this.writable) return;
    const corners = this.place.missing;
    if (corners.length > 0) return void (this.question = { kind: "missing", corners });
    this.place.flush();
    const next = this.ahead.after(place);
    void this.send("commit", { shown: next?.id ?? null }, this.place.films[0]);
    this.committing = !next;
    if (!next) return;
    this.ahead.leave(place, next.id);
    this.take(next);
  }

  private async send(kind: Kind, body: object, film = this.place.active): Promise<void> {
    const written = stamped(body);
    const { id } = (film as DeskFilm).reading;
    await this.outbox.add(id, kind, written, written.idempotency_key);
  }

  private answered(entry: Entry, answer: unknown, waiting: number): void {
    if (entry.kind === "commit") return this.committedAs(answer as c.Committed);
    const film = this.place.of(entry.reading);
    // Later decisions are still under way: what the page shows is newer than this answer.
    if (!film || waiting > 0) return;
    if (entry.kind === "disc_points")
      return void (film.points.discs = (answer as { discs: c.Disc[] }).discs);
    const { marks, site } = answer as c.Graded & Partial<c.Undone>;
    const byServerAlone = entry.kind !== "grade" && !grades.sameMarks(marks, film.marks);
    film.marks = marks;
    if (isTurn(entry.kind)) film.turns.answered(entry.kind, true);
    if (byServerAlone && site && film === this.place.active) this.go(site);
  }

  private committedAs(committed: c.Committed): void {
    const { next, ...reading } = committed;
    const way = this.ahead.arrived(committed);
    const here = !!this.place.of(reading.id);
    if (way === "right") {
      if (next?.reading && this.place.of(next.reading.id)) this.ahead.learn(next.reading);
    } else if (next && (way === "wrong" || here)) {
      this.show(next);
    } else if (here) {
      this.place.refresh(reading);
      this.committing = false;
    }
  }

  private async refused(entry: Entry, failure: SendFailure): Promise<void> {
    const left = entry.kind === "commit" ? this.ahead.back(entry.reading) : null;
    if (left) this.take(left);
    const film = this.place.of(entry.reading);
    if (!film) return;
    this.committing = false;
    if (isTurn(entry.kind)) film.turns.answered(entry.kind, false);
    // Show the server's version; what it refused stays in the outbox for the reader to see.
    try {
      this.place.refresh(await api.reading(film.reading.id));
    } catch (error) {
      this.sentence = error instanceof ApiError && !error.passing ? failure.sentence : "";
    }
    const corners = this.place.missing;
    if (failure.name === "incomplete") this.question = { kind: "missing", corners };
    if (isLost(failure)) this.sentence = failure.sentence;
  }
}
