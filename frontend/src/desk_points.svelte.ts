/** The disc points of the film on the desk: moved at once, sent when they rest. */

import type { Disc, FilmPicture, Point } from "./contract";
import { guessed } from "./viewer/corner_regions";

/** A row of small moves of a point is one move. */
const POINT_REST = 300;

export type SavePoints = (points: { disc: string; center: Point; anterior: Point }) => void;

export class DeskPoints {
  discs = $state.raw<Disc[]>([]);

  private moved: string | null = null;
  private resting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly save: SavePoints) {}

  move(disc: string, point: "center" | "anterior", to: readonly [number, number]): void {
    const round = (value: number) => Math.round(value * 10) / 10;
    const at: Point = [round(to[0]), round(to[1])];
    this.discs = this.discs.map((d) =>
      d.disc === disc ? { ...d, [point]: at, source: "reader" as const } : d,
    );
    if (this.moved !== disc) this.flush();
    clearTimeout(this.resting);
    this.moved = disc;
    this.resting = setTimeout(() => this.flush(), POINT_REST);
  }

  /** A level without points gets some, for the reader to drag into place. */
  place(disc: string, film: FilmPicture): void {
    const { center, anterior } = guessed(disc, this.discs, film);
    const placed: Disc = {
      disc,
      center: [...center],
      anterior: [...anterior],
      confidence: null,
      source: "reader",
    };
    this.discs = [...this.discs, placed];
    this.moved = disc;
    this.flush();
  }

  /** Send what was moved and still rests. */
  flush(): void {
    clearTimeout(this.resting);
    const points = this.discs.find((d) => d.disc === this.moved);
    this.moved = null;
    if (points) this.save({ disc: points.disc, center: points.center, anterior: points.anterior });
  }
}
