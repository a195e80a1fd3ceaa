import { describe, expect, it } from "vitest";

import * as v from "../../src/viewer/view";

const pane = { width: 800, height: 600 };
const film = { width: 2000, height: 2500 };
const turned: v.View = { center: [310.5, 42], scale: 1.7, angle: 0.6, mirrored: true };

function close(a: v.Point, b: v.Point) {
  expect(a[0]).toBeCloseTo(b[0], 6);
  expect(a[1]).toBeCloseTo(b[1], 6);
}

describe("view", () => {
  it("shows the view's centre in the middle of the pane", () => {
    close(v.toScreen(turned, pane, turned.center), [400, 300]);
  });

  it("maps to the screen and back exactly, turned and mirrored too", () => {
    const point: v.Point = [123.25, 987.5];
    close(v.toFilm(turned, pane, v.toScreen(turned, pane, point)), point);
  });

  it("fits the film with its outer pixel edges inside the margin", () => {
    const view = v.fit(film, pane, 10);
    close(v.toScreen(view, pane, [999.5, -0.5]), [400, 10]);
    close(v.toScreen(view, pane, [999.5, 2499.5]), [400, 590]);
  });

  it("zooms to the cursor: the point under it stays", () => {
    const at: v.Point = [120, 470];
    const under = v.toFilm(turned, pane, at);
    close(v.toFilm(v.zoomAt(turned, pane, at, 2.5), pane, at), under);
  });

  it("keeps the point under the cursor also where the zoom ends", () => {
    const at: v.Point = [5, 5];
    const under = v.toFilm(turned, pane, at);
    const view = v.zoomAt(turned, pane, at, 1e6);
    expect(view.scale).toBeLessThan(100);
    close(v.toFilm(view, pane, at), under);
  });

  it("pans with the hand whatever way the film is turned", () => {
    const before = v.toScreen(turned, pane, [50, 60]);
    const after = v.toScreen(v.pan(turned, pane, 30, -12), pane, [50, 60]);
    close(after, [before[0] + 30, before[1] - 12]);
  });

  it("turns clockwise: what was right of the centre comes below it", () => {
    const view = v.rotate(v.fit(film, pane), Math.PI / 2);
    const [x, y] = v.toScreen(view, pane, [view.center[0] + 100, view.center[1]]);
    expect(x).toBeCloseTo(400, 6);
    expect(y).toBeGreaterThan(300);
  });

  it("comes back upright after four quarter turns and after two flips", () => {
    let view = v.fit(film, pane);
    for (let i = 0; i < 4; i++) view = v.rotate(view, Math.PI / 2);
    expect(v.isTurned(view)).toBe(false);
    expect(v.isTurned(v.flip(view))).toBe(true);
    expect(v.flip(v.flip(turned)).angle).toBeCloseTo(turned.angle, 12);
  });

  it("flips left to right as seen on the screen, of a turned film too", () => {
    const point: v.Point = [300, 70];
    const [x, y] = v.toScreen(turned, pane, point);
    close(v.toScreen(v.flip(turned), pane, point), [800 - x, y]);
  });

  it.each([1, 1.25, 1.5, 2, 3])(
    "lays film pixels on pixels of the display at actual size, %f of them to a CSS pixel",
    (ratio) => {
      for (const width of [801, 802]) {
        const small = { width: width / ratio, height: 603 / ratio };
        for (const start of [v.fit(film, small), v.rotate(v.fit(film, small), Math.PI / 2)]) {
          const [a, b, c, d, e, f] = v.rasterOf(v.atPixels(start, small, ratio), small, width);
          for (const number of [a, b, c, d, e, f])
            expect(number).toBeCloseTo(Math.round(number), 6);
          expect(Math.abs(a * d - b * c)).toBeCloseTo(1, 9);
        }
      }
    },
  );
});
