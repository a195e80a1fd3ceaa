/**
 * From stored values to grey: the linear window (DICOM PS3.3 C.11.2.1.3.2, LINEAR_EXACT), which
 * is how the server means it: center - width / 2 is black, center + width / 2 is white. Pure.
 */

export interface Window {
  readonly center: number;
  readonly width: number;
}

const VALUES = 65536;

/** Grey 0..255 of one stored value. */
export function grey(value: number, window: Window): number {
  const share = (value - window.center) / window.width + 0.5;
  return Math.min(255, Math.max(0, Math.round(share * 255)));
}

/** One packed RGBA pixel (little endian, as every browser's machine is) per stored value. */
export function lookUpTable(window: Window, inverted: boolean): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(VALUES);
  const inside = (value: number) => Math.min(VALUES, Math.max(0, Math.ceil(value)));
  const from = inside(window.center - window.width / 2);
  const to = inside(window.center + window.width / 2);
  const packed = (shade: number) => {
    const shown = inverted ? 255 - shade : shade;
    return 0xff000000 | (shown << 16) | (shown << 8) | shown;
  };
  table.fill(packed(0), 0, from);
  for (let value = from; value < to; value++) table[value] = packed(grey(value, window));
  table.fill(packed(255), to);
  return table;
}

/** The window from the `low` to the `high` percentile of some stored values. */
export function percentileWindow(values: Uint16Array, low = 0.5, high = 99.5): Window {
  if (values.length === 0) return { center: VALUES / 2, width: VALUES };
  const sorted = values.slice().sort();
  const at = (percent: number) => sorted[Math.round((percent / 100) * (sorted.length - 1))] ?? 0;
  return between(at(low), at(high));
}

export const between = (black: number, white: number): Window => ({
  center: (black + white) / 2,
  width: Math.max(1, white - black),
});

/**
 * Drag: right widens (less contrast), down brightens. In shares of the width, so that a 10-bit
 * and a 16-bit film answer alike to the same hand.
 */
export function dragged(window: Window, dx: number, dy: number): Window {
  const width = Math.min(2 * VALUES, Math.max(1, window.width * Math.exp(dx / 240)));
  return { center: clampCenter(window.center - (dy / 320) * window.width), width };
}

/**
 * A window changed as another one was, in shares of the widths: the films of two visits are seldom
 * exposed alike.
 */
export const alike = (window: Window, from: Window, to: Window): Window => ({
  center: clampCenter(window.center + ((to.center - from.center) / from.width) * window.width),
  width: Math.min(2 * VALUES, Math.max(1, window.width * (to.width / from.width))),
});

/** Presets relative to the automatic window, because radiographs have no absolute scale. */
export const PRESETS = {
  automatic: (automatic: Window): Window => automatic,
  bone: (automatic: Window): Window => ({
    center: automatic.center + 0.12 * automatic.width,
    width: 0.6 * automatic.width,
  }),
  soft: (automatic: Window): Window => ({
    center: automatic.center - 0.2 * automatic.width,
    width: 0.7 * automatic.width,
  }),
} as const;
export type Preset = keyof typeof PRESETS;

/** A press of a key: brightness goes by a twentieth of the width, the width itself by a tenth. */
export const STEPS = {
  brighter: (window: Window): Window => dragged(window, 0, 16),
  darker: (window: Window): Window => dragged(window, 0, -16),
  moreContrast: (window: Window): Window => dragged(window, -24, 0),
  lessContrast: (window: Window): Window => dragged(window, 24, 0),
} as const;
export type Step = keyof typeof STEPS;

const clampCenter = (center: number) => Math.min(VALUES * 1.5, Math.max(-VALUES / 2, center));
