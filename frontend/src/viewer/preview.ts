/** A light picture that stands in for the film while its pixels are on the way. */

import { filmToScreen, toScreen, type Size, type View } from "./view";

export class Preview {
  private image: HTMLImageElement | null = null;

  constructor(private readonly host: HTMLElement) {}

  /** Another one, or none; `onload` when it can be placed. */
  show(url: string | null, onload: () => void): void {
    this.remove();
    if (!url) return;
    const image = new Image();
    image.className = "preview";
    image.alt = "";
    image.draggable = false;
    image.hidden = true;
    image.onload = () => {
      image.hidden = false;
      onload();
    };
    image.src = url;
    this.host.prepend(image);
    this.image = image;
  }

  place(film: Size, view: View, pane: Size): void {
    const { image } = this;
    if (!image?.naturalWidth) return;
    const k = film.width / image.naturalWidth;
    const [a, b, c, d] = filmToScreen(view, pane);
    const [x, y] = toScreen(view, pane, [-0.5, -0.5]);
    image.style.transform = `matrix(${[a * k, b * k, c * k, d * k, x, y].join(",")})`;
  }

  remove(): void {
    this.image?.remove();
    this.image = null;
  }
}
