/** The decoded picture of a film that a pane shows, or why there is none. */

import { untrack } from "svelte";

import { films } from "../films";
import { session } from "../session.svelte";
import { texts } from "../texts";
import { BrokenPicture } from "../viewer/film_store";
import type { Picture } from "../viewer/picture";

/** In this page now: the film and its crop are two panes of one picture. */
// eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing shows it
const shown = new Set<PictureOf>();

/** What could not be fetched is asked for once more. */
export function askAgain(): void {
  for (const one of shown) one.again();
}

globalThis.window?.addEventListener("online", askAgain);

export class PictureOf {
  failure = $state("");
  private loaded = $state.raw<{ url: string; picture: Picture } | null>(null);

  constructor(private readonly url: () => string) {
    $effect(() => this.load(this.url()));
    $effect(() => {
      shown.add(this);
      return () => shown.delete(this);
    });
    // A session that ends fails the picture too; it comes when the reader has signed in again.
    $effect(() => {
      if (!session.expired) untrack(() => this.again());
    });
  }

  again(): void {
    if (this.failure) this.load(this.url());
  }

  /** A film fetched ahead is painted with the frame that shows it, without a preview first. */
  get picture(): Picture | null {
    const url = this.url();
    return this.loaded?.url === url ? this.loaded.picture : films.ready(url);
  }

  load(wanted: string): void {
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
