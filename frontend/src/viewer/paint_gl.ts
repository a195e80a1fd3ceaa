/** The graphics card path: the 16-bit film as a texture, sampled and windowed in the shader. */

import type { Painter } from "./painter";
import { levelFor, onLevel, type Level, type Picture } from "./picture";
import type { Affine } from "./view";
import type { Window } from "./windowing";

const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1)) * 4.0 - 1.0;
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

// Integer textures are not filtered by the card, so the four neighbours are mixed here.
const FRAGMENT = `#version 300 es
precision highp float;
precision highp usampler2D;
uniform usampler2D film;
uniform int level;
uniform vec2 size;
uniform mat3x2 toLevel;
uniform float canvasHeight;
uniform vec2 window;
uniform bool inverted;
out vec4 color;
float at(ivec2 p) { return float(texelFetch(film, clamp(p, ivec2(0), ivec2(size) - 1), level).r); }
void main() {
  vec2 pixel = vec2(gl_FragCoord.x - 0.5, canvasHeight - gl_FragCoord.y - 0.5);
  vec2 p = toLevel * vec3(pixel, 1.0);
  if (any(lessThan(p, vec2(-0.5))) || any(greaterThan(p, size - 0.5))) { color = vec4(0.0); return; }
  vec2 base = floor(p);
  vec2 f = p - base;
  ivec2 i = ivec2(base);
  float top = mix(at(i), at(i + ivec2(1, 0)), f.x);
  float bottom = mix(at(i + ivec2(0, 1)), at(i + ivec2(1, 1)), f.x);
  float shade = clamp((mix(top, bottom, f.y) - window.x) / window.y + 0.5, 0.0, 1.0);
  color = vec4(vec3(inverted ? 1.0 - shade : shade), 1.0);
}`;

export class GlPainter implements Painter {
  readonly canvas = document.createElement("canvas");
  private readonly gl: WebGL2RenderingContext;
  private readonly program: WebGLProgram;
  private texture: WebGLTexture | null = null;
  private picture: Picture | null = null;

  /** `onlost` is called when the card takes the context away; the film must be painted otherwise. */
  constructor(onlost: () => void) {
    const gl = this.canvas.getContext("webgl2", { antialias: false, powerPreference: "default" });
    if (!gl) throw new Error("WebGL2 is not available");
    this.gl = gl;
    this.program = linked(gl);
    this.canvas.addEventListener("webglcontextlost", onlost);
  }

  /** Throws when the film is larger than the card's textures. */
  setPicture(picture: Picture | null): void {
    const { gl } = this;
    gl.deleteTexture(this.texture);
    this.texture = null;
    this.picture = picture;
    if (!picture) return;
    if (Math.max(picture.width, picture.height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) {
      throw new Error("The film is larger than a texture");
    }
    this.texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST_MIPMAP_NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAX_LEVEL, picture.levels.length - 1);
    picture.levels.forEach((level, index) => this.upload(level, index));
  }

  paint(toFilm: Affine, window: Window, inverted: boolean): void {
    const { gl, program, picture } = this;
    if (!picture) return;
    const filmPixels = Math.sqrt(Math.abs(toFilm[0] * toFilm[3] - toFilm[1] * toFilm[2]));
    const index = levelFor(picture, filmPixels);
    const level = picture.levels[index] as Level;
    const place = (name: string) => gl.getUniformLocation(program, name);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.useProgram(program);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.uniform1i(place("level"), index);
    gl.uniform2f(place("size"), level.width, level.height);
    gl.uniformMatrix3x2fv(place("toLevel"), false, [...onLevel(toFilm, index)]);
    gl.uniform1f(place("canvasHeight"), this.canvas.height);
    gl.uniform2f(place("window"), window.center, window.width);
    gl.uniform1i(place("inverted"), inverted ? 1 : 0);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** The card samples while it paints. */
  prepare(): void {}

  destroy(): void {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
    this.canvas.remove();
  }

  private upload(level: Level, index: number): void {
    const { gl } = this;
    const [w, h] = [level.width, level.height];
    gl.texImage2D(
      gl.TEXTURE_2D,
      index,
      gl.R16UI,
      w,
      h,
      0,
      gl.RED_INTEGER,
      gl.UNSIGNED_SHORT,
      level.pixels,
    );
  }
}

function linked(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(kind) as WebGLShader;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(gl.getProgramInfoLog(program) ?? "The shader does not link");
  }
  return program;
}
