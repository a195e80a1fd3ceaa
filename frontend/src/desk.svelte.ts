/**
 * The reader's desk: one film at a time with its marks, the corner at hand, and what is asked.
 * Screens show it and keys act on it; every decision leaves through the outbox.
 */

import * as api from "./api";
import { ApiError } from "./api";
import type * as c from "./contract";
import { DeskAhead } from "./desk_ahead";
import { DeskHold, isLost } from "./desk_hold";
import { DeskPoints } from "./desk_points.svelte";
import type { Question } from "./desk_question";
import { DeskTurns, isTurn, type Turn } from "./desk_turns.svelte";
import { rememberedWindow, rememberWindow } from "./films";
import { siteOf, type Finding, type Grade, type SiteCode } from "./msasss";
import type { Entry, Kind, Outbox, SendFailure } from "./outbox";
import * as grades from "./reader_grades";
import { listen, stamped } from "./saving.svelte";
import { told } from "./texts";
import type { Window } from "./viewer/windowing";

export class Desk {
  reading = $state.raw<c.Reading | null>(null);
  marks = $state.raw<c.Marks>({});
  readonly points = new DeskPoints(
    (points) => void this.send("disc_points", points),
    () => this.writable,
  );
  site = $state<SiteCode>("");
  question = $state.raw<Question | null>(null);
  window = $state.raw<Window>({ center: 32768, width: 65536 });
  committing = $state(false);
  /** Why there is no film, or why this one cannot be read on. */
  sentence = $state("");
  finished = $state(false);
  failure = $state("");

  readonly turns = new DeskTurns();
  private readonly ahead = new DeskAhead();
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
    this.points.flush();
    this.unlisten();
    this.hold.let();
  }

  get committed(): boolean {
    return this.reading?.state === "committed";
  }

  get rapid(): boolean {
    return this.reading?.round.kind === "relabel";
  }

  get done(): number {
    const sites = this.reading?.sites ?? [];
    return sites.length - grades.missing(sites, this.marks).length;
  }

  get findings(): Finding[] {
    const instrument = this.reading?.instrument;
    return instrument && this.site ? grades.findingsAsked(instrument, this.site) : [];
  }

  can(turn: Turn): boolean {
    return !this.committed && this.turns.can(turn);
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
    [this.reading, this.finished, this.sentence, this.committing] = [
      null,
      true,
      told(sentence),
      false,
    ];
  }

  private take(reading: c.Reading): void {
    this.reading = reading;
    this.marks = reading.marks;
    this.points.begin(reading.discs);
    this.window = rememberedWindow(reading.picture_url) ?? reading.window;
    this.turns.begin(reading);
    this.question = null;
    this.committing = false;
    this.finished = false;
    this.sentence = "";
    this.go(grades.missing(reading.sites, reading.marks)[0] ?? reading.sites[0] ?? "");
    this.ahead.learn(reading);
    void this.hold.take(reading.id);
  }

  // --- corners ---------------------------------------------------------------------------------

  go(site: SiteCode): void {
    this.site = site;
    this.shownAt = performance.now();
  }

  step(by: number): void {
    if (this.reading) this.go(grades.neighbour(this.reading.sites, this.site, by));
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
    const sites = (this.reading as c.Reading).sites;
    const changes = grades.outOfFilm(sites, this.marks, disc);
    for (const { site, mark, partner } of changes) this.record(site, mark, partner, true);
  }

  askReason(): void {
    if (this.writable) this.question = { kind: "reason", site: this.site };
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
    if (grades.needsPartner(this.marks, site, mark)) {
      this.question = { kind: "partner", site, mark };
    } else {
      this.record(site, mark, null, advance);
    }
  }

  private record(site: SiteCode, mark: c.Mark, partner: c.Mark | null, advance: boolean): void {
    const reading = this.reading as c.Reading;
    const before = this.marks;
    this.marks = grades.marked(before, site, mark, partner);
    this.turns.record(before, this.marks, site);
    void this.send("grade", {
      site,
      ...mark,
      partner,
      ms_spent: Math.round(performance.now() - this.shownAt),
      window: this.window,
    });
    if (!advance) return;
    this.go(grades.nextSite(reading.sites, this.marks, site));
    if (this.rapid && grades.missing(reading.sites, this.marks).length === 0) this.commit();
  }

  turn(turn: Turn): void {
    if (!this.writable || !this.turns.can(turn)) return;
    const turned = this.turns.take(turn);
    if (turned) {
      const sites = this.reading?.sites ?? [];
      this.marks = turned.marks;
      this.go(turn === "undo" ? turned.site : grades.nextSite(sites, turned.marks, turned.site));
    }
    void this.send(turn, {});
  }

  setWindow(window: Window): void {
    this.window = window;
    if (this.reading) rememberWindow(this.reading.picture_url, window);
  }

  // --- commit and answers ----------------------------------------------------------------------

  commit(): void {
    if (!this.reading) return;
    if (this.committed) return void this.next();
    if (!this.writable) return;
    const sites = grades.missing(this.reading.sites, this.marks);
    if (sites.length > 0) {
      this.question = { kind: "missing", sites };
      return;
    }
    this.points.flush();
    const next = this.ahead.after(this.reading);
    void this.send("commit", { shown: next?.id ?? null });
    this.committing = !next;
    if (!next) return;
    this.ahead.leave(this.reading, this.marks, next.id);
    this.take(next);
  }

  private async send(kind: Kind, body: object): Promise<void> {
    const written = stamped(body);
    const { id } = this.reading as c.Reading;
    await this.outbox.add(id, kind, written, written.idempotency_key);
  }

  private answered(entry: Entry, answer: unknown, waiting: number): void {
    if (entry.kind === "commit") return this.committedAs(answer as c.Committed);
    if (entry.reading !== this.reading?.id) return;
    // Later decisions are still under way: what the page shows is newer than this answer.
    if (waiting > 0) return;
    if (entry.kind === "disc_points") {
      this.points.discs = (answer as { discs: c.Disc[] }).discs;
      return;
    }
    const { marks, site } = answer as c.Graded & Partial<c.Undone>;
    const byServerAlone = entry.kind !== "grade" && !grades.sameMarks(marks, this.marks);
    this.marks = marks;
    if (isTurn(entry.kind)) this.turns.answered(entry.kind, true);
    if (byServerAlone && site) this.go(site);
  }

  private committedAs(committed: c.Committed): void {
    const { next, ...reading } = committed;
    const way = this.ahead.arrived(committed);
    if (way === "right") {
      const opened = next?.reading;
      if (opened && opened.id === this.reading?.id) this.ahead.learn(opened);
    } else if (next && (way === "wrong" || reading.id === this.reading?.id)) {
      this.show(next);
    } else if (reading.id === this.reading?.id) {
      [this.reading, this.marks, this.committing] = [reading, reading.marks, false];
    }
  }

  private async refused(entry: Entry, failure: SendFailure): Promise<void> {
    const left = entry.kind === "commit" ? this.ahead.back(entry.reading) : null;
    if (left) this.take(left);
    if (entry.reading !== this.reading?.id) return;
    this.committing = false;
    if (failure.name === "incomplete") {
      const { missing } = (failure as ApiError).detail as { missing?: c.Missing[] };
      this.question = { kind: "missing", sites: missing?.[0]?.sites ?? [] };
    } else if (isTurn(entry.kind)) this.turns.answered(entry.kind, false);
    await this.reload(failure);
  }

  /** Show the server's version; what it refused stays in the outbox for the reader to see. */
  private async reload(failure: SendFailure): Promise<void> {
    try {
      const reading = await api.reading((this.reading as c.Reading).id);
      this.reading = reading;
      this.marks = reading.marks;
      this.points.discs = reading.discs;
      this.turns.begin(reading);
    } catch (error) {
      this.sentence = error instanceof ApiError && !error.passing ? failure.sentence : "";
    }
    if (isLost(failure)) this.sentence = failure.sentence;
  }
}
