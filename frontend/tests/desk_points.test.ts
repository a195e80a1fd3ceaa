import { beforeEach, describe, expect, it } from "vitest";

import type { Disc, Point } from "../src/contract";
import { DeskPoints } from "../src/desk_points.svelte";
import { DISCS, SITES } from "../src/msasss";

const film = { width: 800, height: 1000 };
const SITES_C = SITES.filter((site) => site.region === "C").map((site) => site.code);
const disc = (name: string, center: Point, anterior: Point): Disc => ({
  disc: name,
  center,
  anterior,
  confidence: 0.9,
  source: "model",
  model: null,
});
const column = (top: number) =>
  DISCS.C.map((name, i) => disc(name, [400, top + 100 * i], [340, top + 100 * i + 10]));

interface Sent {
  disc: string;
  center: Point;
  anterior: Point;
}
let sent: Sent[];

function desk(discs: Disc[]): DeskPoints {
  const points = new DeskPoints(
    (one) => sent.push(one),
    () => true,
  );
  points.begin(discs, film);
  return points;
}

/** As the server takes them: annotation/services/disc_corrections.py. */
function isTaken({ center, anterior }: Sent): boolean {
  const inside = ([x, y]: Point) =>
    x >= -0.5 && y >= -0.5 && x <= film.width - 0.5 && y <= film.height - 0.5;
  const apart = Math.hypot(center[0] - anterior[0], center[1] - anterior[1]);
  return inside(center) && inside(anterior) && apart >= 2;
}

beforeEach(() => (sent = []));

describe("a disc's points", () => {
  it.each([
    [
      [-30, 500],
      [0, 500],
    ],
    [
      [812.4, 1300],
      [799, 999],
    ],
    [
      [200.44, -0.2],
      [200.4, 0],
    ],
    [
      [200.44, 300.06],
      [200.4, 300.1],
    ],
  ] as const)("that are dragged to %j lie at %j", (to, at) => {
    const points = desk(column(200));
    points.move("C4/C5", "anterior", to);
    points.flush();
    expect(sent).toEqual([{ disc: "C4/C5", center: [400, 400], anterior: at }]);
    expect(points.discs.find((one) => one.disc === "C4/C5")?.anterior).toEqual(at);
  });

  it("are laid on the film both, when the model saw the other one beyond its border", () => {
    const points = desk([disc("C7/T1", [20, 1010], [-40, 1020])]);
    points.move("C7/T1", "center", [30, 980]);
    points.flush();
    expect(sent).toEqual([{ disc: "C7/T1", center: [30, 980], anterior: [0, 999] }]);
  });

  it("are the model's again after a reset, however finely the model placed them", () => {
    const points = desk([disc("C2/C3", [400.0621, 300.4377], [340.9999, 310.0001])]);
    points.reset("C2/C3");
    expect(sent).toEqual([]);
    points.move("C2/C3", "center", [410, 300]);
    points.flush();
    expect(points.resettable("C2/C3")).not.toBeNull();
    points.reset("C2/C3");
    expect(points.resettable("C2/C3")).toBeNull();
    expect(sent.at(-1)).toEqual({ disc: "C2/C3", center: [400.1, 300.4], anterior: [341, 310] });
  });

  it("stay apart, even where the border or a hand pushes them onto each other", () => {
    const points = desk([
      disc("C7/T1", [-20, 500], [-80, 500]),
      disc("C2/C3", [900, 100], [860, 100]),
    ]);
    points.reset("C7/T1");
    points.move("C7/T1", "center", [-20, 500]);
    points.move("C2/C3", "anterior", [860, 100]);
    points.flush();
    expect(sent.map((one) => [one.center, one.anterior])).toEqual([
      [
        [0, 500],
        [5, 500],
      ],
      [
        [799, 100],
        [794, 100],
      ],
    ]);
    expect(sent.every(isTaken)).toBe(true);
  });

  it("are guessed on the film, where the level lies beyond it", () => {
    const points = desk(column(-80).slice(1)); // C3/C4 at its upper border
    points.guess("C2/C3");
    expect(sent).toEqual([{ disc: "C2/C3", center: [400, 0], anterior: [340, 0] }]);
  });

  it.each(["cranial", "caudal"] as const)("move %s by a level and stay on the film", (towards) => {
    const low = desk(column(540)); // the model has put the lowest level below the film
    const step = low.shift(SITES_C, towards);
    expect(sent).toHaveLength(DISCS.C.length);
    expect(sent.every(isTaken)).toBe(true);
    low.placeAll(step.before);
    expect(sent.every(isTaken)).toBe(true);
    expect(low.discs.find((one) => one.disc === "C3/C4")?.center).toEqual([400, 640]);
  });
});
