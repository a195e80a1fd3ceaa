import { describe, expect, it } from "vitest";

import { IDLE, step, type Effect, type Hand, type HandEvent } from "../../src/viewer/tools/hand";

const event = (type: HandEvent["type"], x: number, y: number, more: Partial<HandEvent> = {}) => ({
  type,
  id: 1,
  x,
  y,
  button: 0,
  touch: false,
  windowMode: false,
  ...more,
});

function play(events: HandEvent[]): { states: string[]; effects: Effect[] } {
  let hand: Hand = IDLE;
  const states: string[] = [];
  const effects: Effect[] = [];
  for (const one of events) {
    const [next, effect] = step(hand, one);
    hand = next;
    states.push(hand.name);
    if (effect) effects.push(effect);
  }
  return { states, effects };
}

describe("the hand on the film", () => {
  it("pans with the left button", () => {
    const { states, effects } = play([event("down", 0, 0), event("move", 5, 7), event("up", 5, 7)]);
    expect(states).toEqual(["panning", "panning", "idle"]);
    expect(effects).toEqual([{ kind: "pan", dx: 5, dy: 7 }]);
  });

  it("changes the window with the right button", () => {
    const down = event("down", 0, 0, { button: 2 });
    expect(play([down, event("move", 3, -2)]).effects).toEqual([{ kind: "window", dx: 3, dy: -2 }]);
  });

  it("changes the window with the left button in window mode", () => {
    expect(play([event("down", 0, 0, { windowMode: true })]).states).toEqual(["windowing"]);
  });

  it("pinches with a second finger and pans again when one is lifted", () => {
    const { states, effects } = play([
      event("down", 0, 0, { touch: true }),
      event("down", 100, 0, { id: 2, touch: true }),
      event("move", 200, 0, { id: 2, touch: true }),
      event("up", 0, 0, { touch: true }),
      event("move", 210, 0, { id: 2, touch: true }),
    ]);
    expect(states).toEqual(["panning", "pinching", "pinching", "panning", "panning"]);
    expect(effects[0]).toEqual({ kind: "zoom", x: 100, y: 0, factor: 2, dx: 50, dy: 0 });
    expect(effects[1]).toEqual({ kind: "pan", dx: 10, dy: 0 });
  });

  it("does nothing while no button is down, and ignores another pointer", () => {
    expect(play([event("move", 9, 9)]).effects).toEqual([]);
    expect(play([event("down", 0, 0), event("move", 9, 9, { id: 7 })]).effects).toEqual([]);
  });
});
