/** The processor path: samples once per view, so that a window drag is one table look-up a pixel. */

import type { Painter } from "./painter";
import { emptySamples, resample, type Picture, type Sampled } from "./picture";
import { Rasters, type Wanted } from "./rasters";
import type { Affine } from "./view";
import { lookUpTable, type Window } from "./windowing";

export class CpuPainter implements Painter {
  readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d") as CanvasRenderingContext2D;
  private picture: Picture | null = null;
  private readonly rasters = new Rasters();
  private samples: Sampled = emptySamples(1, 1);
  /** The painter's own buffer, for views that nobody foresaw. */
  private own: Sampled = this.samples;
  private image = new ImageData(1, 1);
  private sampledFor = "";
  private table = new Uint32Array(0);
  private tableFor = "";

  setPicture(picture: Picture | null): void {
    this.picture = picture;
    this.sampledFor = "";
  }

  paint(toFilm: Affine, window: Window, inverted: boolean): void {
    if (!this.picture) return;
    this.sample(this.picture, toFilm);
    const wanted = `${window.center} ${window.width} ${inverted}`;
    if (wanted !== this.tableFor) this.table = lookUpTable(window, inverted);
    this.tableFor = wanted;
    this.shade();
    this.context.putImageData(this.image, 0, 0);
  }

  prepare(wanted: readonly Wanted[]): void {
    this.rasters.want(wanted, this.canvas);
  }

  destroy(): void {
    this.rasters.stop();
    this.canvas.remove();
  }

  private sample(picture: Picture, toFilm: Affine): void {
    const { width, height } = this.canvas;
    const wanted = `${width} ${height} ${toFilm.join(" ")}`;
    if (wanted === this.sampledFor) return;
    if (this.image.width !== width || this.image.height !== height) {
      this.image = new ImageData(width, height);
      this.own = emptySamples(width, height);
    }
    const ready = this.rasters.find(picture, toFilm, this.canvas);
    if (!ready) resample(picture, toFilm, this.canvas, this.own);
    this.samples = ready ?? this.own;
    this.sampledFor = wanted;
  }

  private shade(): void {
    const { width, height } = this.canvas;
    const { values, spans } = this.samples;
    const out = new Uint32Array(this.image.data.buffer);
    for (let row = 0; row < height; row++) {
      const from = row * width;
      const [start, end] = [spans[2 * row] as number, spans[2 * row + 1] as number];
      out.fill(0, from, from + start);
      for (let i = from + start; i < from + end; i++) {
        out[i] = this.table[values[i] as number] as number;
      }
      out.fill(0, from + end, from + width);
    }
  }
}
