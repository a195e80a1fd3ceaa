/** What paints a film into a canvas: on the processor, or on the graphics card when it is real. */

import type { Picture } from "./picture";
import type { Wanted } from "./rasters";
import type { Affine } from "./view";
import type { Window } from "./windowing";

export interface Painter {
  readonly canvas: HTMLCanvasElement;
  setPicture(picture: Picture | null): void;
  /** `toFilm` maps canvas pixel centres (integers) to film coordinates. */
  paint(toFilm: Affine, window: Window, inverted: boolean): void;
  /** What will be asked for soon, most urgent first, to be made ready in idle time. */
  prepare(wanted: readonly Wanted[]): void;
  destroy(): void;
}

/** Renderers that are no graphics card: there the processor path is about five times faster. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|basic render/i;

let real: boolean | null = null;

/** Is there a graphics card behind WebGL2? Asked once: making a context costs a few ms. */
export function hasGraphicsCard(): boolean {
  if (real === null) real = asked();
  return real;
}

function asked(): boolean {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return false;
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return !SOFTWARE.test(name);
}
