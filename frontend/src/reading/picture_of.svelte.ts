/** The decoded picture of a film that a pane shows, or why there is none. */

import { films } from "../films";
import { texts } from "../texts";
import { BrokenPicture } from "../viewer/film_store";
import type { Picture } from "../viewer/picture";

export class PictureOf {
  failure = $state("");
  private loaded = $state.raw<{ url: string; picture: Picture } | null>(null);

  constructor(private readonly url: () => string) {
    $effect(() => this.load(this.url()));
  }

  /** A film fetched ahead is painted with the frame that shows it, without a preview first. */
  get picture(): Picture | null {
    const url = this.url();
    return this.loaded?.url === url ? this.loaded.picture : films.ready(url);
  }

  private load(wanted: string): void {
    this.failure = "";
    films.get(wanted).then(
      (picture) => {
        if (wanted === this.url()) this.loaded = { url: wanted, picture };
      },
      (error) => {
        const { brokenPicture } = texts.reading;
        if (wanted !== this.url()) return;
        this.failure = error instanceof BrokenPicture ? brokenPicture : error.sentence;
      },
    );
  }
}
