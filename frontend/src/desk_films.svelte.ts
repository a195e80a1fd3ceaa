/**
 * From film to film: what lies on the desk, how it gets there and how it leaves. Everything that
 * is decided goes out through the outbox, and what the server made of it comes back here.
 */

import * as api from "./api";
import { ApiError } from "./api";
import type * as c from "./contract";
import { DeskAhead } from "./desk_ahead.svelte";
import { DeskHold, isLost } from "./desk_hold";
import { DeskPlace, type DeskFilm } from "./desk_place.svelte";
import type { DeskPoints } from "./desk_points.svelte";
import type { Question } from "./desk_question";
import { isTurn } from "./desk_turns.svelte";
import type { Towards } from "./level_shift";
import { type SiteCode } from "./msasss";
import type { Entry, Kind, Outbox, SendFailure } from "./outbox";
import * as grades from "./reader_grades";
import { listen, stamped } from "./saving.svelte";
import { toLookAt } from "./second_look";
import { told } from "./texts";

export class DeskFilms {
  readonly place = new DeskPlace(
    (film) => (points) => void this.send("disc_points", points, film),
    () => this.writable,
  );
  site = $state<SiteCode>("");
  question = $state.raw<Question | null>(null);
  /** Why there is no film, or why this one cannot be read on. */
  sentence = $state("");
  finished = $state(false);
  failure = $state("");

  readonly ahead = new DeskAhead();
  protected shownAt = 0;
  private committing = $state(false);
  /** The film is here, but the server has not opened it yet. */
  private unopened = $state(false);
  private readonly hold = new DeskHold((sentence) => (this.sentence = sentence));
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

  /** The server has to answer before the reader can go on. */
  get waiting(): boolean {
    return this.committing || this.unopened;
  }

  get writable(): boolean {
    return !!this.reading && !this.committed && !this.waiting && !this.sentence;
  }

  go(site: SiteCode, at = this.place.at): void {
    this.place.at = at;
    this.site = site;
    this.shownAt = performance.now();
  }

  // --- the film to come ------------------------------------------------------------------------

  /** Ask for the reader's next film; the one that is known already shows meanwhile. */
  async next(): Promise<void> {
    this.failure = "";
    const known = this.committed ? this.ahead.next : null;
    if (known) this.show(known, false);
    else this.committing = true;
    try {
      await this.outbox.idle(); // a film left half sent by an earlier page
      this.opened(await api.nextReading(this.round));
    } catch (error) {
      this.committing = false;
      if (this.reading) this.sentence = api.sentenceOf(error);
      else this.failure = api.sentenceOf(error);
    }
  }

  /** The server has opened a film, or says why there is none. */
  private opened({ reading, sentence }: c.NextReading): void {
    if (!reading) return this.end(told(sentence));
    if (!this.unopened || !this.place.of(reading.id)) return this.show(reading);
    this.place.refresh(reading);
    this.ahead.learn(reading);
    [this.unopened, this.committing, this.sentence] = [false, false, ""];
  }

  private end(sentence: string): void {
    this.hold.let();
    this.place.begin(null);
    [this.finished, this.sentence, this.committing, this.unopened] = [true, sentence, false, false];
  }

  private show(reading: c.Reading, opened = true): void {
    this.place.begin(reading);
    this.question = null;
    [this.committing, this.unopened, this.finished] = [false, !opened, false];
    this.sentence = "";
    this.go(this.place.missing[0]?.site ?? toLookAt(reading) ?? reading.sites[0] ?? "");
    this.ahead.learn(reading);
    void this.hold.take(reading.id);
  }

  // --- commit ----------------------------------------------------------------------------------

  commit(): void {
    const place = this.place.asItStands();
    if (this.committed && !this.waiting) return void this.next();
    if (!place || !this.writable) return;
    const corners = this.place.missing;
    if (corners.length > 0) return void (this.question = { kind: "missing", corners });
    this.place.flush();
    const next = this.ahead.after(place);
    void this.send("commit", { shown: next?.id ?? null }, this.place.films[0]);
    this.committing = !next;
    if (!next) return;
    this.ahead.leave(place, next.id);
    this.show(next, !this.ahead.comesWithModel(next));
  }

  protected async send(kind: Kind, body: object, film = this.place.active): Promise<void> {
    const written = stamped(body);
    const { id } = (film as DeskFilm).reading;
    await this.outbox.add(id, kind, written, written.idempotency_key);
  }

  // --- answers ---------------------------------------------------------------------------------

  private answered(entry: Entry, answer: unknown, waiting: number): void {
    if (entry.kind === "commit") return this.committedAs(answer as c.Committed);
    const film = this.place.of(entry.reading);
    if (entry.kind === "grade") film?.windowSaved((answer as c.Graded).window_at);
    // Later decisions are still under way: what the page shows is newer than this answer.
    if (!film || waiting > 0) return;
    if (entry.kind === "disc_points")
      return film.points.take((answer as { discs: c.Disc[] }).discs);
    const { marks, site, levels } = answer as c.Graded & Partial<c.Undone>;
    const byServerAlone = entry.kind !== "grade" && !grades.sameMarks(marks, film.marks);
    film.marks = marks;
    if (isTurn(entry.kind)) film.turns.answered(entry.kind, true);
    if (byServerAlone && levels) void this.levelsTurned(entry.reading, levels);
    // Not away from a corner that is asked about.
    if (byServerAlone && site && film === this.place.active && !this.question) this.go(site);
  }

  /** The server turned a move of levels of an earlier page: the grades of all films; points follow. */
  private async levelsTurned(reading: number, levels: Towards): Promise<void> {
    const newest = await api.reading(reading).catch(() => null); // the next save tells of it
    if (!this.place.of(reading)) return;
    if (newest) this.place.refresh(newest);
    for (const film of this.place.films) film.points.shift(film.reading.sites, levels);
  }

  private committedAs(committed: c.Committed): void {
    const { next, ...reading } = committed;
    const way = this.ahead.arrived(committed);
    const here = !!this.place.of(reading.id);
    if (way === "right") {
      const now = next?.reading;
      if (!now || !this.place.of(now.id)) return;
      if (this.unopened) this.opened(next);
      else this.ahead.learn(now);
    } else if (next && (way === "wrong" || here)) {
      this.opened(next);
    } else if (here) {
      this.place.refresh(reading);
      this.committing = false;
    }
  }

  private async refused(entry: Entry, failure: SendFailure): Promise<void> {
    const left = entry.kind === "commit" ? this.ahead.back(entry.reading) : null;
    if (left) this.show(left);
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
