/**
 * A pane that shows a 16-bit film: framework-free. It owns the view (where) and the window (how
 * bright); hands on it become pan, zoom and window; every change is painted once per frame.
 */

import { automaticWindow } from "./automatic";
import { onHands } from "./hands";
import { cancelIdle, whenIdle } from "./idle";
import { CpuPainter } from "./paint_cpu";
import { GlPainter } from "./paint_gl";
import { hasGraphicsCard, type Painter } from "./painter";
import type { Picture } from "./picture";
import { Preview } from "./preview";
import {
  atPixels,
  fit,
  rasterOf,
  UPRIGHT,
  toFilm,
  toScreen,
  zoomAt,
  type Affine,
  type Point,
  type Size,
  type Stand,
  type View,
} from "./view";
import type { Window } from "./windowing";

export interface ViewerEvents {
  /** The view or the pane's size changed: overlays follow. */
  onview?: (view: View, pane: Size) => void;
  /** The reader changed the window by hand. */
  onwindow?: (window: Window) => void;
  /** A frame was painted: film, view and window as asked. */
  onpaint?: () => void;
}

export class Viewer {
  view: View = { center: [0, 0], scale: 1, angle: 0, mirrored: false };
  window: Window = { center: 32768, width: 65536 };
  inverted = false;
  /** While on, a plain drag changes the window. */
  windowMode = false;
  pane: Size = { width: 1, height: 1 };
  /** Where a double click leads back to: the whole film, unless the pane's owner knows better. */
  home: (at?: Point) => void = () => this.fit();
  picture: Picture | null = null;

  private painter: Painter;
  private film: Size | null = null;
  private readonly preview: Preview;
  private frame = 0;
  private foreseeing = 0;
  private readonly watching: ResizeObserver;
  private readonly ending = new AbortController();
  /** While true the film is fitted again whenever the pane changes its size. */
  private fitted = true;
  private stand = UPRIGHT;

  constructor(
    private readonly host: HTMLElement,
    private readonly events: ViewerEvents = {},
  ) {
    this.preview = new Preview(host);
    this.painter = this.firstPainter();
    host.prepend(this.painter.canvas);
    onHands(host, this, (window) => events.onwindow?.(window), this.ending.signal);
    this.watching = new ResizeObserver(([entry]) => this.measure(entry));
    this.watch();
    this.measure();
  }

  /** The whole film is shown; nobody has moved it. */
  get isFitted(): boolean {
    return this.fitted;
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    cancelIdle(this.foreseeing);
    this.watching.disconnect();
    this.ending.abort();
    this.painter.destroy();
    this.preview.remove();
  }

  /** A film is coming: its size is known, its pixels are not. A light preview stands in for it. */
  expect(film: Size, previewUrl: string | null): void {
    this.film = film;
    this.setPicture(null);
    this.preview.show(previewUrl, () => this.viewChanged());
    this.fit();
  }

  setPicture(picture: Picture | null): void {
    this.picture = picture;
    try {
      this.painter.setPicture(picture);
    } catch {
      this.fallBack();
    }
    if (picture) this.film = picture;
    this.painter.canvas.hidden = !picture;
    this.requestPaint();
  }

  setView(view: View): void {
    this.view = view;
    this.fitted = false;
    this.viewChanged();
  }

  setWindow(window: Window): void {
    this.window = window;
    this.requestPaint();
  }

  setInverted(inverted: boolean): void {
    this.inverted = inverted;
    this.requestPaint();
  }

  fit(): void {
    if (!this.film) return;
    this.view = fit(this.film, this.pane, undefined, this.stand);
    this.fitted = true;
    this.viewChanged();
  }

  /** How the film stands, whole or enlarged, unless it is turned by hand. */
  setStand(stand: Stand): void {
    this.stand = stand;
    if (this.fitted) this.fit();
    else this.setView({ ...this.view, ...stand });
  }

  /** One film pixel on one pixel of the display, what is under `at` staying there. */
  actualSize(at: Point = [this.pane.width / 2, this.pane.height / 2]): void {
    const enlarged = zoomAt(this.view, this.pane, at, 1 / devicePixelRatio / this.view.scale);
    this.setView(atPixels(enlarged, this.pane, devicePixelRatio));
  }

  zoom(factor: number, at: Point = [this.pane.width / 2, this.pane.height / 2]): void {
    this.setView(zoomAt(this.view, this.pane, at, factor));
  }

  toScreen = (point: Point): Point => toScreen(this.view, this.pane, point);
  toFilm = (point: Point): Point => toFilm(this.view, this.pane, point);

  /** The window that suits what the pane shows now. */
  automaticWindow(): Window | null {
    return this.picture && automaticWindow(this.picture, this.view, this.pane);
  }

  /** Have ready, when there is time, what the pane will be asked to show, most urgent first. */
  prepare(coming: readonly { picture: Picture; view: View }[]): void {
    this.painter.prepare(
      coming.map(({ picture, view }) => ({ picture, toFilm: this.toRaster(view) })),
    );
    this.foresee(coming);
  }

  /** Their windows too, one at a time. */
  private foresee([next, ...others]: readonly { picture: Picture; view: View }[]): void {
    cancelIdle(this.foreseeing);
    if (!next) return;
    this.foreseeing = whenIdle(() => {
      automaticWindow(next.picture, next.view, this.pane);
      this.foresee(others);
    });
  }

  // --- painting --------------------------------------------------------------------------------

  private firstPainter(): Painter {
    if (!hasGraphicsCard()) return new CpuPainter();
    try {
      return new GlPainter(() => this.fallBack());
    } catch {
      return new CpuPainter();
    }
  }

  private fallBack(): void {
    const lost = this.painter;
    if (lost instanceof CpuPainter) return;
    this.painter = new CpuPainter();
    this.painter.canvas.width = lost.canvas.width;
    this.painter.canvas.height = lost.canvas.height;
    this.painter.canvas.hidden = lost.canvas.hidden;
    lost.canvas.replaceWith(this.painter.canvas);
    lost.destroy();
    this.painter.setPicture(this.picture);
    this.requestPaint();
  }

  /** The pane in whole pixels of the display: otherwise the canvas would be scaled, and blurred. */
  private measure(entry?: ResizeObserverEntry): void {
    const exact = entry?.devicePixelContentBoxSize?.[0]; // Safari has none
    const ratio = devicePixelRatio;
    const { canvas } = this.painter;
    const box = this.host.getBoundingClientRect();
    canvas.width = whole(box.left * ratio, box.right * ratio, exact?.inlineSize);
    canvas.height = whole(box.top * ratio, box.bottom * ratio, exact?.blockSize);
    this.pane = { width: canvas.width / ratio, height: canvas.height / ratio };
    if (this.fitted) this.fit();
    this.viewChanged();
  }

  private watch(): void {
    try {
      this.watching.observe(this.host, { box: "device-pixel-content-box" });
    } catch {
      this.watching.observe(this.host);
    }
  }

  private viewChanged(): void {
    this.events.onview?.(this.view, this.pane);
    if (this.film) this.preview.place(this.film, this.view, this.pane);
    this.requestPaint();
  }

  private requestPaint(): void {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.frame = 0;
    const { width, height } = this.painter.canvas;
    if (!this.picture || !width || !height) return; // a dialog that closes has no room any more
    this.painter.paint(this.toRaster(this.view), this.window, this.inverted);
    this.preview.remove();
    this.events.onpaint?.();
  }

  private toRaster = (view: View): Affine => rasterOf(view, this.pane, this.painter.canvas.width);
}

/**
 * Pixels of the display between two edges of the pane: as the browser says, unless it only
 * emulates a display; else as browsers round, edge by edge.
 */
function whole(from: number, to: number, exact = 0): number {
  const about = Math.round(to) - Math.round(from);
  return Math.abs(exact - about) < 2 ? exact : Math.max(1, about);
}
