/** From film to film, when the server does not answer at once. */

import { beforeEach, expect, it, vi } from "vitest";

import { ApiError } from "../src/api";
import type { NextReading, Reading } from "../src/contract";
import { DeskFilms } from "../src/desk_films.svelte";
import { SITES } from "../src/msasss";
import type { Outbox } from "../src/outbox";

const answers: (() => NextReading)[] = [];

vi.mock("../src/films", () => ({
  films: { get: () => new Promise(() => {}), ready: () => ({}) },
  newestWindow: ({ window }: { window: object }) => window,
  rememberWindow: () => {},
  acknowledgeWindow: () => {},
}));
vi.mock("../src/saving.svelte", () => ({
  listen: () => () => {},
}));
vi.mock("../src/api", async (original) => ({
  ...(await original<typeof import("../src/api")>()),
  nextReading: async () => answers.shift()?.(),
}));

const sites = SITES.filter(({ region }) => region === "L").map(({ code }) => code);

const film = (id: number, more: Partial<Reading> = {}): Reading => ({
  ...({
    id,
    sites,
    region: "L",
    marks: {},
    answers: {},
    discs: [],
    paired: [],
  } as unknown as Reading),
  ...({ study: { id: 1, name: "S" }, state: "leased", model: null, first_marks: null } as object),
  ...({ time_point: null, window: { center: 1, width: 2 }, upcoming: [] } as object),
  ...({ round: { id: 1, number: 1, kind: "calibration" } } as object),
  ...({ instrument: { assist_mode: "blind", chronology: "single" } } as object),
  ...more,
});

const open = (reading: Reading) => () => ({ reading, sentence: "" }) as NextReading;
const offline = () => {
  throw new ApiError(0, "offline", "No answer.");
};

let desk: DeskFilms;
beforeEach(() => {
  answers.length = 0;
  desk = new DeskFilms(1, { idle: async () => {} } as unknown as Outbox);
});

it("goes on grading the film that a second try opened", async () => {
  const next = film(3);
  answers.push(open(film(1, { state: "committed", upcoming: [next] })), offline, open(next));
  await desk.next();
  desk.commit(); // Enter on a committed film: on to the next one
  await vi.waitFor(() => expect(desk.sentence).toBe("No answer."));
  expect([desk.reading?.id, desk.writable]).toEqual([3, false]);
  await desk.next();
  expect([desk.reading?.id, desk.waiting, desk.writable]).toEqual([3, false, true]);
});
