/** A magnifier: a round piece of the film under the cursor, enlarged from the 16-bit data. */

import { CpuPainter } from "./paint_cpu";
import { textScale } from "./text_size";
import { rasterOf, type Point } from "./view";
import type { Viewer } from "./viewer";

/** Across, where text is 15 pixels. */
const SIZE = 260;
/** Times as large as the pane shows it, and never smaller than the film's own pixels. */
const FACTOR = 3;

export class Lens {
  private readonly painter = new CpuPainter();
  private readonly ending = new AbortController();
  private at: Point | null = null;
  private shown = false;

  constructor(
    private readonly host: HTMLElement,
    private readonly viewer: Viewer,
  ) {
    const { canvas } = this.painter;
    canvas.className = "lens";
    canvas.dataset.testid = "lens";
    canvas.hidden = true;
    host.append(canvas);
    const { signal } = this.ending;
    host.addEventListener("pointermove", (event) => this.moved(event), { signal });
    host.addEventListener("pointerleave", () => this.left(), { signal });
  }

  show(shown: boolean): void {
    this.shown = shown;
    this.paint();
  }

  destroy(): void {
    this.ending.abort();
    this.painter.destroy();
  }

  private moved(event: PointerEvent): void {
    const box = this.host.getBoundingClientRect();
    this.at = [event.clientX - box.left, event.clientY - box.top];
    if (this.shown) this.paint();
  }

  private left(): void {
    this.at = null;
    this.paint();
  }

  private paint(): void {
    const { canvas } = this.painter;
    const { picture, view, window, inverted } = this.viewer;
    canvas.hidden = !this.shown || !this.at || !picture;
    if (canvas.hidden || !this.at) return;
    const [x, y] = this.at;
    const ratio = devicePixelRatio;
    const side = Math.round(SIZE * textScale() * ratio);
    const across = side / ratio;
    // On whole pixels of the display, or the enlarged film would be blurred again.
    const [left, top] = [x, y].map((at) => Math.round((at - across / 2) * ratio) / ratio);
    canvas.style.transform = `translate(${left}px, ${top}px)`;
    if (canvas.width !== side) {
      [canvas.width, canvas.height] = [side, side];
      canvas.style.width = canvas.style.height = `${across}px`;
    }
    const scale = Math.max(FACTOR * view.scale, 1 / ratio);
    const enlarged = { ...view, center: this.viewer.toFilm(this.at), scale };
    const toFilm = rasterOf(enlarged, { width: across, height: across }, side);
    this.painter.setPicture(picture);
    this.painter.paint(toFilm, window, inverted);
  }
}
