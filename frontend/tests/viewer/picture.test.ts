import { describe, expect, it } from "vitest";

import { emptySamples, levelFor, onLevel, pyramid, resample } from "../../src/viewer/picture";

function ramp(width: number, height: number) {
  return pyramid(
    Uint16Array.from(
      { length: width * height },
      (_, i) => 10 * (i % width) + Math.floor(i / width),
    ),
    width,
    height,
  );
}

const sampled = (
  picture: ReturnType<typeof ramp>,
  map: Parameters<typeof resample>[1],
  n: number,
) => {
  const out = emptySamples(n, n);
  resample(picture, map, { width: n, height: n }, out);
  return out;
};

describe("picture", () => {
  it("returns the stored values at pixel centres", () => {
    const { values } = sampled(ramp(8, 8), [1, 0, 0, 1, 2, 3], 2);
    expect([...values]).toEqual([23, 33, 24, 34]);
  });

  it("mixes neighbours between the centres", () => {
    expect(sampled(ramp(8, 8), [1, 0, 0, 1, 2.5, 3], 1).values[0]).toBe(28);
  });

  it("tells which columns lie on the film, to its outer pixel edges", () => {
    const { spans } = sampled(ramp(4, 4), [1, 0, 0, 1, -2, -2], 8);
    expect([...spans.slice(0, 4)]).toEqual([0, 0, 0, 0]);
    expect([...spans.slice(4, 6)]).toEqual([2, 6]);
    expect([...spans.slice(14, 16)]).toEqual([0, 0]);
  });

  it("samples a turned film", () => {
    // Column runs down the film, row runs left.
    const { values } = sampled(ramp(8, 8), [0, 1, -1, 0, 5, 1], 2);
    expect([...values]).toEqual([51, 52, 41, 42]);
  });

  it("halves by averaging, so that a thin line stays visible when the film is small", () => {
    const pixels = new Uint16Array(800 * 800);
    for (let y = 0; y < 800; y++) pixels[y * 800 + 401] = 4000;
    const picture = pyramid(pixels, 800, 800);
    expect(picture.levels.map((level) => level.width)).toEqual([800, 400, 200]);
    const { values } = sampled(picture, [4, 0, 0, 4, 1.5, 1.5], 200);
    expect(values[100]).toBe(1000);
  });

  it("keeps places over the levels: level pixel 0 covers film pixels 0 and 1", () => {
    expect(onLevel([1, 0, 0, 1, 0.5, 0.5], 1)).toEqual([0.5, 0, 0, 0.5, 0, 0]);
  });

  it("chooses the full size when enlarged and a smaller one when shrunk", () => {
    const picture = pyramid(new Uint16Array(1600 * 1600), 1600, 1600);
    expect([0.2, 1, 1.3, 2, 4.2, 50].map((k) => levelFor(picture, k))).toEqual([0, 0, 0, 1, 2, 3]);
  });
});
