/**
 * The place on the desk: the films that are read together, in the order of their slots, and which
 * of them the keys act on. A film that is read by itself is a place of one.
 */

import type { Marks, Reading } from "./contract";
import { DeskPoints, type SavePoints } from "./desk_points.svelte";
import { DeskTurns, type Turn } from "./desk_turns.svelte";
import { acknowledgeWindow, films, newestWindow, rememberWindow } from "./films";
import { shiftedMarks, type Towards } from "./level_shift";
import type { SiteCode } from "./msasss";
import * as grades from "./reader_grades";
import { alike, type Window } from "./viewer/windowing";

/** One film: its reading as the server last told it, and what stands and shows here. */
export class DeskFilm {
  reading = $state.raw() as Reading;
  marks = $state.raw<Marks>({});
  window = $state.raw<Window>({ center: 32768, width: 65536 });
  /** Null: the crop finds its own, anew for every disc. */
  cropWindow = $state.raw<Window | null>(null);
  /** Its picture has come: nobody grades what cannot be seen. */
  seen = $state(false);
  readonly turns = new DeskTurns();
  /** When this reader graded last with a window that this page knows of, by the server's clock. */
  private windowAt: string | null;
  readonly points: DeskPoints;

  constructor(reading: Reading, save: SavePoints, writable: () => boolean) {
    this.points = new DeskPoints(save, writable);
    this.points.begin(reading.discs, reading);
    this.windowAt = reading.window_at;
    this.window = newestWindow(reading);
    this.seen = films.ready(reading.picture_url) !== null;
    this.refresh(reading);
  }

  refresh(reading: Reading): void {
    this.reading = reading;
    this.marks = reading.marks;
    this.points.take(reading.discs);
    this.turns.begin(reading);
  }

  get missing(): SiteCode[] {
    return grades.missing(this.reading.sites, this.marks);
  }

  /** Grades and points move by one disc, and come back by one undo, graded or not. */
  shift(towards: Towards, shift: grades.Shift): void {
    const { reading, marks } = this;
    const points = this.points.shift(reading.sites, towards);
    this.marks = shiftedMarks(reading.sites, marks, towards);
    this.turns.record(marks, this.marks, reading.sites[0] ?? "", { points, shift });
  }

  /** Take back or do again what this page did last; null where only the server knows it. */
  turn(turn: Turn): ReturnType<DeskTurns["take"]> {
    const turned = this.turns.take(turn);
    if (!turned) return null;
    this.marks = turned.marks;
    this.points.placeAll(turned.points);
    return turned;
  }

  setWindow(window: Window): void {
    this.window = window;
    rememberWindow(this.reading.picture_url, window, this.windowAt);
  }

  /** A grade of this page has carried its window to the server. */
  windowSaved(at: string | null): void {
    this.windowAt = at;
    acknowledgeWindow(this.reading.picture_url, at);
  }
}

/** A corner of one of the films. */
export interface Spot {
  at: number;
  site: SiteCode;
}

/** The readings of a place, film A first. */
export const placeOf = (reading: Reading): Reading[] =>
  [reading, ...(reading.paired ?? [])].sort((a, b) => slot(a) - slot(b));

const slot = (reading: Reading) => reading.time_point?.slot ?? 1;

export class DeskPlace {
  films = $state.raw<readonly DeskFilm[]>([]);
  at = $state(0);

  constructor(
    private readonly save: (film: DeskFilm) => SavePoints,
    private readonly writable: () => boolean,
  ) {}

  /** Another place, or none. */
  begin(reading: Reading | null): void {
    this.films = (reading ? placeOf(reading) : []).map((one) => {
      const film: DeskFilm = new DeskFilm(one, (points) => this.save(film)(points), this.writable);
      return film;
    });
    this.at = this.missing[0]?.at ?? 0;
  }

  /** The server's version of the same place. */
  refresh(reading: Reading): void {
    for (const one of placeOf(reading)) this.of(one.id)?.refresh(one);
  }

  get active(): DeskFilm | null {
    return this.films[this.at] ?? null;
  }

  get isPair(): boolean {
    return this.films.length > 1;
  }

  of(reading: number): DeskFilm | undefined {
    return this.films.find((film) => film.reading.id === reading);
  }

  /** The corners without a mark, over all films. */
  get missing(): Spot[] {
    return this.films.flatMap(({ missing }, at) => missing.map((site) => ({ at, site })));
  }

  get total(): number {
    return this.films.reduce((sum, { reading }) => sum + reading.sites.length, 0);
  }

  get done(): number {
    return this.total - this.missing.length;
  }

  /** The keys act on the next film from now on. */
  turn(): void {
    if (this.films.length > 0) this.at = (this.at + 1) % this.films.length;
  }

  /**
   * The levels are the patient's: all films of the place move. The film to tell the server of,
   * which moves the others' grades with it; null where nothing is graded yet.
   */
  shift(towards: Towards): DeskFilm | null {
    const shift = Symbol();
    const graded = this.films.filter(({ marks }) => Object.keys(marks).length > 0);
    for (const film of this.films) film.shift(towards, shift);
    return graded.find((film) => film === this.active) ?? graded[0] ?? null;
  }

  /**
   * Undo or redo on the film at hand, and with a move of levels on every film that it moved last.
   * What shows then, null where only the server can tell; and the film to tell the server of, null
   * where it has no such step: it moved grades, and there were none.
   */
  replay(turn: Turn): { turned: ReturnType<DeskTurns["take"]>; told: DeskFilm | null } {
    const { active } = this;
    const shift = active?.turns.nextShift(turn);
    if (!active || !shift) return { turned: active?.turn(turn) ?? null, told: active };
    const moved = this.films.filter((film) => film.turns.nextShift(turn) === shift);
    const turns = moved.map((film) => ({ film, turned: film.turn(turn) }));
    const graded = turns.filter(({ turned }) => turned?.graded).map(({ film }) => film);
    const told = graded.find((film) => film === active) ?? graded[0] ?? null;
    return { turned: turns.find(({ film }) => film === active)?.turned ?? null, told };
  }

  /** The window of the film at hand; the others become brighter and flatter by as much. */
  setWindow(window: Window): void {
    const before = this.active?.window ?? window;
    for (const film of this.films) {
      film.setWindow(film === this.active ? window : alike(film.window, before, window));
    }
  }

  /** The place as it stands here, newer than the server's answer. */
  asItStands(): Reading | null {
    const [lead, ...others] = this.films.map(({ reading, marks }) => ({ ...reading, marks }));
    return lead ? { ...lead, paired: others } : null;
  }

  flush(): void {
    for (const { points } of this.films) points.flush();
  }
}
