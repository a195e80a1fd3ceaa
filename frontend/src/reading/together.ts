/** Films of a pair move together: what the hand does to one pane, the others follow. */

import type { DeskFilm } from "../desk_place.svelte";
import { alongside, type Anchor } from "../viewer/paired_view";
import type { View } from "../viewer/view";
import type { Viewer } from "../viewer/viewer";

/** The level at hand on a film, or its middle where the level has no points. */
export function anchorOf(film: DeskFilm | undefined, disc: string): Anchor | null {
  if (!film) return null;
  const { width, height, spacing_mm } = film.reading;
  const found = film.points.discs.find((d) => d.disc === disc);
  return { at: found?.anterior ?? [width / 2, height / 2], pixel: spacing_mm ?? 300 / height };
}

export class Together {
  private following = false;

  constructor(
    private readonly viewers: () => readonly (Viewer | undefined)[],
    private readonly anchor: (at: number) => Anchor | null,
  ) {}

  /** The view of a pane has changed; a whole film beside a whole film stays whole. */
  moved(at: number, view: View): void {
    const source = this.viewers()[at];
    if (this.following || !source) return;
    this.following = true;
    this.viewers().forEach((viewer, n) => {
      if (!viewer || n === at) return;
      if (source.isFitted) return viewer.isFitted ? undefined : viewer.fit();
      const [from, to] = [this.anchor(at), this.anchor(n)];
      if (from && to) viewer.setView(alongside(view, from, to));
    });
    this.following = false;
  }
}
