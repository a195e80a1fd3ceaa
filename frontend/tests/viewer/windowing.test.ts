import { describe, expect, it } from "vitest";

import pydicoms from "../../../tests/inference/windows_by_pydicom.json";
import * as w from "../../src/viewer/windowing";

const window = { center: 2048, width: 1024 };

describe("windowing", () => {
  it.each([
    // DICOM PS3.3 C.11.2.1.3.2, LINEAR_EXACT, ymin 0, ymax 255:
    // y = ((x - c) / w + 0.5) * 255
    [0, 0],
    [1536, 0],
    [1792, 64],
    [2048, 128],
    [2304, 191],
    [2560, 255],
    [65535, 255],
  ])("shows the stored value %i as grey %i", (value, grey) => {
    expect(w.grey(value, window)).toBe(grey);
  });

  // Values of pydicom for PS3.3 C.11.2.1.2 and C.11.2.1.3; rounding to a grey costs half a level.
  const cases = pydicoms.cases.map((one) => ({
    ...one,
    name: `${one.function} ${one.center}/${one.width}`,
  }));
  const HALF = 0.5001;

  it.each(cases.filter((one) => one.function !== "SIGMOID"))(
    "shows stored values as pydicom does: $name",
    ({ function: name, center, width, stored, grey }) => {
      // LINEAR counts from the middles of the outermost values: the same line, half a step off.
      const exact =
        name === "LINEAR" ? { center: center - 0.5, width: width - 1 } : { center, width };
      const shown = w.lookUpTable(exact, false);
      for (const [i, value] of stored.entries())
        expect(Math.abs(((shown[value] as number) & 255) - (grey[i] as number))).toBeLessThan(HALF);
    },
  );

  it.each(cases)(
    "shows the picture that the server made of a film with $name as pydicom shows the film",
    ({ picture, picture_top, grey }) => {
      const shown = w.lookUpTable({ center: picture_top / 2, width: picture_top }, false);
      const inPicture = 0.5 * (255 / picture_top); // rounded there once before
      for (const [i, value] of picture.entries())
        expect(Math.abs(((shown[value] as number) & 255) - (grey[i] as number))).toBeLessThan(
          HALF + inPicture,
        );
    },
  );

  it("keeps more than 8 bits: values that differ by one are told apart in a narrow window", () => {
    const narrow = { center: 30000, width: 64 };
    expect(w.grey(30001, narrow)).toBeGreaterThan(w.grey(30000, narrow));
  });

  it("packs grey into opaque pixels, inverted on request", () => {
    const [plain, inverted] = [w.lookUpTable(window, false), w.lookUpTable(window, true)];
    expect(plain[2560]).toBe(0xffffffff);
    expect(inverted[2560]).toBe(0xff000000);
    expect(plain[2304]).toBe(0xffbfbfbf);
  });

  it.each([
    { center: 2048, width: 1024 },
    { center: 300.5, width: 4095 },
    { center: 65000, width: 9000 },
    { center: -5000, width: 400 },
    { center: 70000.25, width: 1 },
    { center: 700, width: 1 },
  ])("holds for every stored value what the formula gives, at $center by $width", (window) => {
    const table = w.lookUpTable(window, false);
    const differs = Array.from(table.keys()).find(
      (value) => ((table[value] as number) & 255) !== w.grey(value, window),
    );
    expect(differs).toBeUndefined();
  });

  it("finds a window that leaves the outermost values aside", () => {
    const values = Uint16Array.from({ length: 1001 }, (_, i) => (i === 1000 ? 65535 : 1000 + i));
    const found = w.percentileWindow(values);
    expect(found.center - found.width / 2).toBeCloseTo(1005, 0);
    expect(found.center + found.width / 2).toBeCloseTo(1995, 0);
  });

  it("gives a flat picture a window of its own and not a division by nought", () => {
    expect(w.percentileWindow(new Uint16Array(50).fill(700))).toEqual({ center: 700, width: 1 });
  });

  it("widens to the right, brightens downwards, and comes back by the same way", () => {
    const wider = w.dragged(window, 100, 0);
    expect(wider.width).toBeGreaterThan(window.width);
    expect(w.grey(2048, w.dragged(window, 0, 50))).toBeGreaterThan(w.grey(2048, window));
    expect(w.dragged(wider, -100, 0).width).toBeCloseTo(window.width, 6);
  });

  it("goes by key as by hand, and back by the opposite key", () => {
    const window = { center: 2000, width: 1000 };
    expect(w.STEPS.brighter(window)).toEqual({ center: 1950, width: 1000 });
    expect(w.STEPS.darker(w.STEPS.brighter(window))).toEqual(window);
    expect(w.STEPS.moreContrast(window).width).toBeCloseTo(905, 0);
    const back = w.STEPS.lessContrast(w.STEPS.moreContrast(window));
    expect(back.width).toBeCloseTo(window.width, 9);
    expect(back.center).toBe(window.center);
  });

  it("never lets the width fall to nothing", () => {
    expect(w.dragged(window, -100000, 0).width).toBe(1);
  });
});
