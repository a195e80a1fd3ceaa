import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { emptySamples, pyramid, resample } from "../../src/viewer/picture";
import { Rasters } from "../../src/viewer/rasters";
import type { Affine } from "../../src/viewer/view";

const SIZE = { width: 60, height: 100 };
const picture = pyramid(
  Uint16Array.from({ length: 80 * 120 }, (_, i) => (i * 7) % 4096),
  80,
  120,
);
const here: Affine = [1, 0, 0, 1, 0.25, 0.5];
const beside: Affine = [0.5, 0.1, -0.1, 0.5, 3, 4];

/** Idle periods, begun by the test: each has this many milliseconds left, one per look. */
let idle: (() => void) | null;

function idlesFor(milliseconds: number): void {
  const work = idle;
  idle = null;
  let left = milliseconds;
  timeRemaining = () => left--;
  work?.();
}
let timeRemaining: () => number;

beforeEach(() => {
  idle = null;
  vi.stubGlobal("requestIdleCallback", (callback: IdleRequestCallback) => {
    idle = () => callback({ didTimeout: false, timeRemaining: () => timeRemaining() });
    return 1;
  });
  vi.stubGlobal("cancelIdleCallback", () => (idle = null));
});
afterEach(() => vi.unstubAllGlobals());

function sampled(toFilm: Affine) {
  const samples = emptySamples(SIZE.width, SIZE.height);
  resample(picture, toFilm, SIZE, samples);
  return samples;
}

describe("rasters made ahead", () => {
  it("are what would be sampled when they are asked for", () => {
    const rasters = new Rasters();
    rasters.want([{ picture, toFilm: here }], SIZE);
    expect(rasters.find(picture, here, SIZE)).toBeNull();
    idlesFor(100);
    expect(rasters.find(picture, here, SIZE)).toEqual(sampled(here));
    expect(rasters.find(picture, beside, SIZE)).toBeNull();
    expect(rasters.find(picture, here, { width: 60, height: 99 })).toBeNull();
  });

  it("are made in pieces, so that a key has not to wait for them", () => {
    const rasters = new Rasters();
    rasters.want([{ picture, toFilm: here }], SIZE);
    idlesFor(4); // two pieces of 24 rows
    expect(rasters.find(picture, here, SIZE)).toBeNull();
    expect(idle).not.toBeNull();
    idlesFor(100);
    expect(rasters.find(picture, here, SIZE)).toEqual(sampled(here));
  });

  it("stay while they are wanted and go when they are not", () => {
    const rasters = new Rasters();
    rasters.want([{ picture, toFilm: here }], SIZE);
    idlesFor(100);
    const made = rasters.find(picture, here, SIZE);
    rasters.want(
      [
        { picture, toFilm: beside },
        { picture, toFilm: here },
      ],
      SIZE,
    );
    expect(rasters.find(picture, here, SIZE)).toBe(made);
    rasters.want([{ picture, toFilm: beside }], SIZE);
    expect(rasters.find(picture, here, SIZE)).toBeNull();
    rasters.stop();
    expect(idle).toBeNull();
  });
});
