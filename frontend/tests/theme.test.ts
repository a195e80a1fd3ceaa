/** Grades are told apart by readers who see fewer colours, in both themes. */

import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

type Colour = [number, number, number];

/** Machado, Oliveira, Fernandes 2009, severity 1: linear RGB as it is seen. */
const SEEN: Record<string, [Colour, Colour, Colour]> = {
  "all colours": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const css = readFileSync(new URL("../src/theme.css", import.meta.url), "utf8");

function grades(theme: "light" | "dark"): Colour[] {
  const block = css.slice(css.indexOf(`:root[data-theme="${theme}"] {`));
  return [0, 1, 2, 3].map((grade) => {
    const hex = new RegExp(`--grade-${grade}: #([0-9a-f]{6})`).exec(block)?.[1] ?? "";
    return [0, 2, 4].map((at) => linear(parseInt(hex.slice(at, at + 2), 16) / 255)) as Colour;
  });
}

const linear = (value: number) =>
  value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;

const times = (matrix: readonly Colour[], [r, g, b]: Colour) =>
  matrix.map(([x, y, z]) => Math.min(1, Math.max(0, x * r + y * g + z * b))) as Colour;

/** CIE L*a*b* under D65 (IEC 61966-2-1 for the way from RGB). */
function lab(rgb: Colour): Colour {
  const [x, y, z] = [
    (0.4124 * rgb[0] + 0.3576 * rgb[1] + 0.1805 * rgb[2]) / 0.9505,
    0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2],
    (0.0193 * rgb[0] + 0.1192 * rgb[1] + 0.9505 * rgb[2]) / 1.089,
  ].map((t) => (t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29)) as Colour;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const PAIRS = [0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].slice(a + 1).map((b) => [a, b] as const));

describe.each(["light", "dark"] as const)("the colours of grades in the %s theme", (theme) => {
  it.each(Object.keys(SEEN))("differ to an eye with %s", (eye) => {
    const seen = grades(theme).map((colour) => lab(times(SEEN[eye] as Colour[], colour)));
    for (const [a, b] of PAIRS) {
      const [one, two] = [seen[a] as Colour, seen[b] as Colour];
      // About 2.3 is just noticeable; the number in the mark says it anyway.
      expect([a, b, Math.hypot(...one.map((v, at) => v - (two[at] as number))) > 10]).toEqual([
        a,
        b,
        true,
      ]);
    }
  });
});
