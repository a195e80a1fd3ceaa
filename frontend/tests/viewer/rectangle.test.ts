import { describe, expect, it } from "vitest";

import {
  between,
  boxOf,
  IDLE,
  nudged,
  step,
  type DrawEvent,
  type Drawing,
  type Drawn,
} from "../../src/viewer/tools/rectangle";
import { fit, toFilm, type Point } from "../../src/viewer/view";

const FILM = { width: 200, height: 300 };
const PANE = { width: 640, height: 480 };
const STANDS = [0, 1, 2, 3].flatMap((quarters) =>
  [false, true].map((mirrored) => ({ angle: (-Math.PI / 2) * quarters, mirrored })),
);
const OWN = { left: 50, top: 60, width: 40, height: 20 };

describe("an area of a film", () => {
  it("holds both pixels between which it was drawn, and nothing beyond the film", () => {
    expect(between([3.4, 5.6], [1, 2], FILM)).toEqual({ left: 1, top: 2, width: 3, height: 5 });
    expect(between([-40, 290], [500, 900], FILM)).toEqual({
      left: 0,
      top: 290,
      width: 200,
      height: 10,
    });
  });

  it("is drawn again from its own box, however the film stands", () => {
    for (const stand of STANDS) {
      const view = fit(FILM, PANE, 8, stand);
      const { left, top, width, height } = boxOf(OWN, view, PANE);
      const half = 0.5 * view.scale;
      const drawn = between(
        toFilm(view, PANE, [left + half, top + half]),
        toFilm(view, PANE, [left + width - half, top + height - half]),
        FILM,
      );
      expect(drawn).toEqual(OWN);
    }
  });

  it("goes where the key points, by the same way on the screen, however the film stands", () => {
    for (const stand of STANDS) {
      const view = fit(FILM, PANE, 8, stand);
      const before = boxOf(OWN, view, PANE);
      const ways: Point[] = [
        [8, 0],
        [-8, 0],
        [0, 8],
        [0, -8],
      ];
      for (const by of ways) {
        const after = boxOf(nudged(OWN, view, PANE, FILM, by, false), view, PANE);
        expect(Math.sign(Math.round(after.left - before.left)) + 0).toBe(Math.sign(by[0]));
        expect(Math.sign(Math.round(after.top - before.top)) + 0).toBe(Math.sign(by[1]));
        const longer = boxOf(nudged(OWN, view, PANE, FILM, by, true), view, PANE);
        expect(longer.left).toBeCloseTo(before.left);
        expect(longer.top).toBeCloseTo(before.top);
        expect(Math.sign(Math.round(longer.width - before.width)) + 0).toBe(Math.sign(by[0]));
        expect(Math.sign(Math.round(longer.height - before.height)) + 0).toBe(Math.sign(by[1]));
      }
    }
  });

  it("stays on the film and keeps its size and a pixel at least", () => {
    const view = fit(FILM, PANE);
    const corner = { left: 0, top: 0, width: 3, height: 3 };
    expect(nudged(corner, view, PANE, FILM, [-90, 0], false)).toEqual(corner);
    expect(nudged(corner, view, PANE, FILM, [-90, 0], true)).toEqual({ ...corner, width: 1 });
    const far = nudged(corner, view, PANE, FILM, [0, 9999], false);
    expect(far).toEqual({ ...corner, top: 297 });
  });
});

const event = (type: DrawEvent["type"], x: number, y: number, more = {}): DrawEvent => ({
  type,
  id: 1,
  at: [x, y],
  button: 0,
  over: false,
  ...more,
});

function play(on: boolean, ...events: DrawEvent[]): { name: string; drawn: Drawn | undefined } {
  let drawing: Drawing = IDLE;
  let drawn: Drawn | undefined;
  for (const one of events) [drawing, drawn] = step(drawing, on, one);
  return { name: drawing.name, drawn };
}

describe("drawing an area", () => {
  it("goes from the press to where it is let go", () => {
    expect(play(true, event("down", 10, 20), event("move", 30, 40))).toEqual({
      name: "drawing",
      drawn: { from: [10, 20], to: [30, 40], done: false },
    });
    expect(play(true, event("down", 10, 20), event("up", 30, 40)).drawn).toEqual({
      from: [10, 20],
      to: [30, 40],
      done: true,
    });
  });

  it("leaves everything else to the hand that moves the film", () => {
    const nothing = { name: "idle", drawn: undefined };
    expect(play(false, event("down", 10, 20))).toEqual(nothing);
    expect(play(true, event("down", 10, 20, { button: 2 }))).toEqual(nothing);
    expect(play(true, event("down", 10, 20, { over: true }))).toEqual(nothing);
    expect(play(true, event("down", 10, 20), event("move", 9, 9, { id: 2 }))).toEqual({
      name: "drawing",
      drawn: undefined,
    });
  });

  it("draws nothing by a click that trembled, nor by a press that was taken away", () => {
    const nothing = { name: "idle", drawn: null };
    expect(play(true, event("down", 10, 20), event("up", 12, 60))).toEqual(nothing);
    expect(play(true, event("down", 10, 20), event("cancel", 90, 90))).toEqual(nothing);
  });
});
