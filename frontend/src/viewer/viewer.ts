/**
 * A pane that shows a 16-bit film: framework-free. It owns the view (where) and the window (how
 * bright); hands on it become pan, zoom and window; every change is painted once per frame.
 */

import { automaticWindow } from "./automatic";
import { CpuPainter } from "./paint_cpu";
import { GlPainter } from "./paint_gl";
import { hasGraphicsCard, type Painter } from "./painter";
import type { Picture } from "./picture";
import { Preview } from "./preview";
import { IDLE, step, type Effect, type Hand } from "./tools/hand";
import {
  atPixels,
  fit,
  pan,
  rasterOf,
  toFilm,
  toScreen,
  zoomAt,
  type Affine,
  type Point,
  type Size,
  type View,
} from "./view";
import { dragged, type Window } from "./windowing";

export interface ViewerEvents {
  /** The view or the pane's size changed: overlays follow. */
  onview?: (view: View, pane: Size) => void;
  /** The reader changed the window by hand. */
  onwindow?: (window: Window) => void;
  /** A frame was painted: film, view and window as asked. */
  onpaint?: () => void;
}

const WHEEL_STEP = 1.0015;

export class Viewer {
  view: View = { center: [0, 0], scale: 1, angle: 0, mirrored: false };
  window: Window = { center: 32768, width: 65536 };
  inverted = false;
  /** While on, a plain drag changes the window. */
  windowMode = false;
  pane: Size = { width: 1, height: 1 };
  /** Where a double click leads back to: the whole film, unless the pane's owner knows better. */
  home: () => void = () => this.fit();
  picture: Picture | null = null;

  private painter: Painter;
  private film: Size | null = null;
  private readonly preview: Preview;
  private hand: Hand = IDLE;
  private frame = 0;
  private readonly watching: ResizeObserver;
  private readonly ending = new AbortController();
  /** While true the film is fitted again whenever the pane changes its size. */
  private fitted = true;

  constructor(
    private readonly host: HTMLElement,
    private readonly events: ViewerEvents = {},
  ) {
    this.preview = new Preview(host);
    this.painter = this.firstPainter();
    host.prepend(this.painter.canvas);
    this.listen();
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
    this.view = fit(this.film, this.pane);
    this.fitted = true;
    this.viewChanged();
  }

  /** One film pixel on one pixel of the display. */
  actualSize(): void {
    this.setView(atPixels(this.view, this.pane, devicePixelRatio));
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
    canvas.width = whole(this.host.clientWidth * ratio, exact?.inlineSize);
    canvas.height = whole(this.host.clientHeight * ratio, exact?.blockSize);
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
    if (!this.picture) return;
    this.painter.paint(this.toRaster(this.view), this.window, this.inverted);
    this.preview.remove();
    this.events.onpaint?.();
  }

  private toRaster = (view: View): Affine => rasterOf(view, this.pane, this.painter.canvas.width);

  // --- hands -----------------------------------------------------------------------------------

  private listen(): void {
    const { host } = this;
    const { signal } = this.ending;
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      listener: (event: HTMLElementEventMap[K]) => void,
      options: AddEventListenerOptions = {},
    ) => host.addEventListener(type, listener, { signal, ...options });
    on("contextmenu", (event) => event.preventDefault());
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("dblclick", () => this.home());
    on("pointerdown", (event) => {
      // A captured pointer would take the click away from a button that lies over the film.
      if ((event.target as Element).closest("button")) return;
      host.setPointerCapture(event.pointerId);
      this.touched("down", event);
    });
    on("pointermove", (event) => this.touched("move", event));
    on("pointerup", (event) => this.touched("up", event));
    on("pointercancel", (event) => this.touched("up", event));
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const pixels = event.deltaMode === 1 ? event.deltaY * 33 : event.deltaY;
    this.zoom(WHEEL_STEP ** -pixels, this.at(event));
  }

  private at(event: MouseEvent): Point {
    const box = this.host.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  private touched(type: "down" | "move" | "up", event: PointerEvent): void {
    const [x, y] = this.at(event);
    const [hand, effect] = step(this.hand, {
      type,
      id: event.pointerId,
      x,
      y,
      button: event.button,
      touch: event.pointerType === "touch",
      windowMode: this.windowMode,
    });
    this.hand = hand;
    this.host.dataset.hand = hand.name;
    if (effect) this.perform(effect);
  }

  private perform(effect: Effect): void {
    switch (effect.kind) {
      case "pan":
        return this.setView(pan(this.view, this.pane, effect.dx, effect.dy));
      case "zoom": {
        const moved = pan(this.view, this.pane, effect.dx, effect.dy);
        return this.setView(zoomAt(moved, this.pane, [effect.x, effect.y], effect.factor));
      }
      case "window":
        this.setWindow(dragged(this.window, effect.dx, effect.dy));
        this.events.onwindow?.(this.window);
    }
  }
}

/** Pixels of the display, exact where the browser knows them; one that emulates a display may not. */
function whole(about: number, exact = 0): number {
  return Math.abs(exact - about) < 2 ? exact : Math.max(1, Math.round(about));
}
