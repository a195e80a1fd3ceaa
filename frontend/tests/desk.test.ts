/** What the keys do on the desk, and what the server is told of it: the page without the screen. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type * as c from "../src/contract";

type Sent = Record<string, unknown> & { reading: number; kind: string };

const server = vi.hoisted(() => ({
  answers: (_entry: object, _answer: unknown, _waiting: number) => {},
  next: null as unknown,
  picture: {} as object | null,
}));
vi.mock("../src/films", () => ({
  films: { get: () => new Promise(() => {}), ready: () => server.picture },
  newestWindow: ({ window }: { window: object }) => window,
  rememberWindow: () => {},
  acknowledgeWindow: () => {},
}));
vi.mock("../src/saving.svelte", () => ({
  listen: (answered: typeof server.answers) => {
    server.answers = answered;
    return () => {};
  },
  stamped: (body: object) => ({ ...body, idempotency_key: "key", client_time: "" }),
}));
vi.mock("../src/api", () => ({
  ApiError: class extends Error {},
  sentenceOf: String,
  renewLease: () => Promise.resolve(),
  nextReading: () => Promise.resolve({ reading: server.next, state: "open", sentence: "" }),
}));

import { Desk } from "../src/desk.svelte";
import { DISCS, SITES } from "../src/msasss";
import type { Outbox } from "../src/outbox";

const SITES_L = SITES.filter((site) => site.region === "L").map((site) => site.code);
const [T12_INF, L1_SUP, L1_INF, L2_SUP] = SITES_L as [string, string, string, string];
const grade = (value: c.Mark["grade"]): c.Mark => ({
  grade: value,
  not_assessable: null,
  findings: [],
});
const discs = (): c.Disc[] =>
  DISCS.L.map((disc, number) => ({
    disc,
    center: [400, 100 + 100 * number],
    anterior: [340, 100 + 100 * number],
    confidence: 0.9,
    source: "model",
    model: null,
  }));

let sent: Sent[];
beforeEach(() => (sent = []));
const outbox = {
  idle: () => Promise.resolve(),
  add: (reading: number, kind: string, body: object) => {
    sent.push({ ...body, reading, kind });
    return Promise.resolve();
  },
} as unknown as Outbox;

function reading(id: number, more: object = {}): c.Reading {
  const instrument = { cervical_squaring: "none", finding_flags: false, assist_mode: "blind" };
  const film = { region: "L", width: 800, height: 1000, picture_url: `/${id}`, sites: SITES_L };
  const round = { id: 1, number: 1, kind: "full" };
  const said = { marks: {}, can_undo: false, can_redo: false, discs: discs(), first_marks: null };
  return { id, round, instrument, ...film, ...said, upcoming: [], paired: [], ...more } as never;
}

async function desk(first: c.Reading): Promise<Desk> {
  const made = new Desk(1, outbox);
  server.next = first;
  await made.next();
  return made;
}

/** Film A and film B of one patient. */
const pair = (ofA: c.Marks): Promise<Desk> =>
  desk(
    reading(1, {
      marks: ofA,
      time_point: { slot: 1 },
      paired: [reading(2, { time_point: { slot: 2 } })],
    }),
  );

const heights = (made: Desk, film: number) =>
  Object.fromEntries(made.place.films[film]?.points.discs.map((d) => [d.disc, d.center[1]]) ?? []);
const kinds = () => sent.filter(({ kind }) => kind !== "disc_points").map((s) => s.kind);

describe("a disc that is not on the film", () => {
  it("is marked on the film at hand, also where its first corner was the film's last one", async () => {
    const ofA = Object.fromEntries(SITES_L.map((site) => [site, grade(0)]));
    const { [L1_INF]: _, ...open } = ofA;
    const made = await pair(open);
    made.outOfFilm("L1/L2");
    expect(
      sent.map(({ reading: film, site, not_assessable }) => [film, site, not_assessable]),
    ).toEqual([
      [1, L1_INF, "off_film"],
      [1, L2_SUP, "off_film"],
    ]);
    expect(made.place.films[1]?.marks).toEqual({});
    expect(made.place.at).toBe(1); // film A is read through
  });
});

describe("a film whose picture has not come", () => {
  afterEach(() => (server.picture = {}));

  it("takes no grade and no finding, only that it cannot be assessed, until it is seen", async () => {
    server.picture = null;
    const made = await desk(reading(1));
    made.grade(2);
    made.finding("erosion");
    expect([made.seen, made.coming, sent]).toEqual([false, true, []]);
    made.notAssessable("other");
    (made.place.active as { seen: boolean }).seen = true;
    made.grade(2);
    expect(sent.map((one) => [one.site, one.grade])).toEqual([
      [T12_INF, null],
      [L1_SUP, 2],
    ]);
  });
});

describe("undo and redo", () => {
  it("leaves to the server what comes back after an undo that it alone remembers", async () => {
    const marks = { [T12_INF]: grade(1), [L1_SUP]: grade(1) };
    const made = await desk(reading(1, { marks, can_undo: true }));
    made.go(T12_INF);
    made.grade(2);
    for (const turn of ["undo", "undo", "redo"] as const) made.turn(turn);
    expect(kinds()).toEqual(["grade", "undo", "undo", "redo"]);
    expect(made.marks[T12_INF]?.grade).toBe(1); // not 2: the server takes back L1 and sets it again
  });

  it("does not leave a corner that is asked about", async () => {
    const made = await desk(reading(1, { marks: { [T12_INF]: grade(1) }, can_undo: true }));
    made.turn("undo");
    made.go(L1_SUP);
    made.ask({ kind: "reason", site: L1_SUP });
    server.answers({ reading: 1, kind: "undo" }, { marks: {}, site: T12_INF, levels: null }, 0);
    expect(made.site).toBe(L1_SUP);
    made.go(T12_INF);
    made.notAssessable("obscured");
    expect(sent.at(-1)).toMatchObject({ site: L1_SUP, not_assessable: "obscured" });
  });
});

describe("a move of levels", () => {
  it("is taken back and done again on the film without a grade too", async () => {
    const made = await pair({});
    made.grade(2);
    const before = [heights(made, 0), heights(made, 1)];
    made.shiftLevels("caudal");
    const moved = [heights(made, 0), heights(made, 1)];
    expect(moved[1]?.["L1/L2"]).toBe(100);
    made.turn("undo");
    expect([heights(made, 0), heights(made, 1)]).toEqual(before);
    made.otherFilm();
    made.turn("redo"); // from the other film: the server knows the step on the graded one
    expect([heights(made, 0), heights(made, 1)]).toEqual(moved);
    expect(kinds()).toEqual(["grade", "level_shift", "undo", "redo"]);
    expect(sent.filter(({ kind }) => kind === "redo")).toMatchObject([{ reading: 1 }]);
  });

  it("is taken back where nothing is graded yet, which the server is not told", async () => {
    const made = await desk(reading(1));
    const before = heights(made, 0);
    made.shiftLevels("cranial");
    expect(heights(made, 0)).not.toEqual(before);
    made.turn("undo");
    expect(heights(made, 0)).toEqual(before);
    expect(kinds()).toEqual([]);
  });
});

describe("a point in the hand", () => {
  it("stays where it is when the answer to another one comes", async () => {
    vi.useFakeTimers();
    const made = await desk(reading(1));
    made.points.move("L1/L2", "center", [430, 230]);
    server.answers({ reading: 1, kind: "disc_points" }, { discs: discs() }, 0);
    vi.advanceTimersByTime(400);
    vi.useRealTimers();
    expect(heights(made, 0)["L1/L2"]).toBe(230);
    expect(sent).toMatchObject([{ kind: "disc_points", disc: "L1/L2", center: [430, 230] }]);
  });
});
