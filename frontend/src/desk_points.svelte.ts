/** The disc points of the film on the desk: moved at once, sent when they rest. */

import type { Disc, FilmPicture, Point } from "./contract";
import { shiftedPoints, type Towards } from "./level_shift";
import { DISCS, type SiteCode } from "./msasss";
import * as guides from "./points_guide";
import type { PointsStep } from "./reader_grades";
import { distance, guessed, type DiscPoints } from "./viewer/corner_regions";
import { onFilm, type Size } from "./viewer/view";

/** A row of small moves of a point is one move. */
const POINT_REST = 300;
/** Film pixels between the points of a disc; nearer ones do not say which way it faces. */
const APART = 5;

type At = readonly [number, number];
export type SavePoints = (points: { disc: string; center: Point; anterior: Point }) => void;

export class DeskPoints {
  discs = $state.raw<Disc[]>([]);
  /** Set while the reader places all points of the film, click by click. */
  guide = $state.raw<guides.Guide | null>(null);

  private film: Size = { width: 0, height: 0 };
  private moved: string | null = null;
  private resting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly save: SavePoints,
    private readonly writable: () => boolean,
  ) {}

  /** Another film. */
  begin(discs: Disc[], film: Size): void {
    this.discs = discs;
    this.film = film;
    this.guide = null;
  }

  /** What the server holds; a disc that was moved and still rests is newer than its answer. */
  take(discs: readonly Disc[]): void {
    const resting = this.discs.find(({ disc }) => disc === this.moved);
    const others = discs.filter(({ disc }) => disc !== resting?.disc);
    this.discs = resting ? [...others, resting] : [...discs];
  }

  move(disc: string, point: "center" | "anterior", to: At): void {
    if (!this.writable()) return;
    this.discs = this.discs.map((d) =>
      d.disc === disc
        ? { ...d, ...this.laid({ ...d, [point]: to }), source: "reader", model: modelOf(d) }
        : d,
    );
    if (this.moved !== disc) this.flush();
    clearTimeout(this.resting);
    this.moved = disc;
    this.resting = setTimeout(() => this.flush(), POINT_REST);
  }

  /** A level without points gets some, for the reader to drag into place. */
  guess(disc: string): void {
    this.place(guessed(disc, this.discs, this.film));
  }

  /** The reader's correction of a disc is taken back: the model's points hold again. */
  reset(disc: string): void {
    const model = this.resettable(disc);
    if (model) this.place({ disc, ...model });
  }

  /** The model's points, where the reader has moved away from them. */
  resettable(disc: string): Disc["model"] {
    const found = this.discs.find((d) => d.disc === disc);
    if (!found?.model) return null;
    const { center, anterior } = this.laid(found.model);
    return `${center} ${anterior}` === `${found.center} ${found.anterior}` ? null : found.model;
  }

  // --- all points of the film, click by click --------------------------------------------------

  startGuide(film: FilmPicture): void {
    this.guide = this.guide || !this.writable() ? null : guides.begun(DISCS[film.region]);
  }

  clicked(to: At): void {
    if (!this.guide) return;
    const { guide, placed } = guides.clicked(this.guide, rounded(to));
    this.guide = guide;
    if (placed) this.place(placed);
  }

  /** The disc asked for is left out. */
  pass(): void {
    this.guide = this.guide && guides.passed(this.guide);
  }

  back(): void {
    this.guide = this.guide && guides.back(this.guide);
  }

  // --- all points by one disc ------------------------------------------------------------------

  /** Each disc takes its neighbour's points. What stood before and stands after, to be undone. */
  shift(sites: readonly SiteCode[], towards: Towards): PointsStep {
    const after = shiftedPoints(this.discs, sites, towards, this.film);
    const before = this.discs.filter(({ disc }) => after.some((one) => one.disc === disc));
    this.placeAll(after);
    return { before, after };
  }

  placeAll(points: readonly DiscPoints[]): void {
    for (const one of points) this.place(one);
  }

  /** Send what was moved and still rests. */
  flush(): void {
    clearTimeout(this.resting);
    const points = this.discs.find((d) => d.disc === this.moved);
    this.moved = null;
    if (points) this.save({ disc: points.disc, center: points.center, anterior: points.anterior });
  }

  private place(points: DiscPoints): void {
    if (!this.writable()) return;
    this.flush();
    const { disc } = points;
    const before = this.discs.find((d) => d.disc === disc);
    const model = before ? modelOf(before) : null;
    const placed: Disc = {
      disc,
      ...this.laid(points),
      confidence: null,
      source: "reader",
      model,
    };
    this.discs = [...this.discs.filter((d) => d.disc !== disc), placed];
    this.moved = disc;
    this.flush();
  }

  /**
   * Both points on the film and apart, as the server takes them: the model may have found one
   * beyond the border, and a guess may lie there.
   */
  private laid({
    center,
    anterior,
  }: {
    center: At;
    anterior: At;
  }): Pick<Disc, "center" | "anterior"> {
    const at = rounded(onFilm(this.film, center));
    const front = rounded(onFilm(this.film, anterior));
    if (distance(at, front) >= APART) return { center: at, anterior: front };
    const inwards = at[0] < this.film.width / 2 ? APART : -APART;
    return { center: at, anterior: [at[0] + inwards, at[1]] };
  }
}

/** Before the first move the points shown are the model's own. */
const modelOf = (disc: Disc): Disc["model"] =>
  disc.source === "model" ? { center: disc.center, anterior: disc.anterior } : disc.model;

const rounded = (to: At): Point => [Math.round(to[0] * 10) / 10, Math.round(to[1] * 10) / 10];
