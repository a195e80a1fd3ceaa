/**
 * The way from film to film without waiting: the films to come are known before the server opens
 * them, and a film left behind is kept until its commit is answered.
 */

import type { Committed, NextReading, Reading } from "./contract";
import { placeOf } from "./desk_place.svelte";
import { films } from "./films";
import { siteOf, type SiteCode } from "./msasss";
import type { FirstView } from "./reading/looks";
import type { Picture } from "./viewer/picture";

interface Left {
  reading: Reading;
  /** What the page went on to. */
  shown: number;
}

export class DeskAhead {
  private coming: readonly Reading[] = [];
  /** The film that comes next, once it is decoded: the panes make its first view ready. */
  first = $state.raw<FirstView | null>(null);
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing shows it
  private readonly left = new Map<number, Left>();

  /** What follows the film on the desk, as far as the server says; fetched once that one is here. */
  learn(reading: Reading): void {
    this.coming = reading.upcoming ?? this.coming.filter(({ id }) => id !== reading.id);
    this.first = null;
    const next = this.coming[0];
    const decoded = (picture: Picture) => {
      if (!next || next !== this.coming[0]) return;
      this.first = { picture, discs: next.discs, disc: siteOf(next.sites[0] as SiteCode).disc };
    };
    const fetchAll = () => {
      if (next) films.get(next.picture_url).then(decoded, () => {}); // told when it is shown
      const others = this.coming.flatMap(placeOf).filter((film) => film !== next);
      for (const { picture_url } of others) void films.get(picture_url).catch(() => {});
    };
    const here = placeOf(reading).map(({ picture_url }) => films.get(picture_url));
    void Promise.allSettled(here).then(fetchAll); // the panes report what fails
  }

  /** The film that comes next, as far as it is known. */
  get next(): Reading | null {
    return this.coming[0] ?? null;
  }

  /** The film to go on to at once; null where the server's answer may come before it. */
  after({ instrument, round, first_marks }: Reading): Reading | null {
    if (round.kind === "relabel" || first_marks) return this.next;
    const looks = instrument.assist_mode === "second_look" || round.kind === "calibration";
    return looks ? null : this.next;
  }

  /** A film whose model's grades stand beside it: they come when the server opens it. */
  comesWithModel({ instrument, round }: Reading): boolean {
    return instrument.assist_mode === "concurrent" && round.kind !== "relabel";
  }

  leave(reading: Reading, shown: number): void {
    this.left.set(reading.id, { reading, shown });
  }

  /** A commit was refused: the film that was left on its strength, if the page has gone on. */
  back(reading: number): Reading | null {
    const found = this.left.get(reading)?.reading ?? null;
    if (found) this.left.clear();
    return found;
  }

  /**
   * A commit was taken. "waited": the page has not gone on. "right": it has, to the film that the
   * server opened. "wrong": the server opened another one, or none.
   */
  arrived({ id, next }: Committed): "waited" | "right" | "wrong" {
    const found = this.left.get(id);
    this.left.delete(id);
    if (!found) return "waited";
    if (opened(next) === found.shown) return "right";
    this.left.clear(); // the films after it are not opened either
    return "wrong";
  }
}

const opened = (next: NextReading | null) => next?.reading?.id;
