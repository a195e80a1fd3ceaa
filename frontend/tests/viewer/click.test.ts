import { describe, expect, it } from "vitest";

import { IDLE, step, type ClickEvent, type Press } from "../../src/viewer/tools/click";

const event = (
  type: ClickEvent["type"],
  x: number,
  y: number,
  more: Partial<ClickEvent> = {},
): ClickEvent => ({ type, id: 1, x, y, button: 0, over: false, ...more });

function play(...events: ClickEvent[]): { states: string[]; clicks: number } {
  let press: Press = IDLE;
  let clicks = 0;
  const states = events.map((one) => {
    const [next, clicked] = step(press, one);
    press = next;
    clicks += clicked ? 1 : 0;
    return press.name;
  });
  return { states, clicks };
}

describe("a click on the film", () => {
  it("is a press that is let go where it was made, a tremor apart", () => {
    const { states, clicks } = play(
      event("down", 50, 50),
      event("move", 52, 51),
      event("up", 52, 51),
    );
    expect(states).toEqual(["pressed", "pressed", "idle"]);
    expect(clicks).toBe(1);
  });

  it("is no drag, even one that comes back", () => {
    const { states, clicks } = play(
      event("down", 50, 50),
      event("move", 50, 54),
      event("move", 50, 50),
      event("up", 50, 50),
    );
    expect(states).toEqual(["pressed", "idle", "idle", "idle"]);
    expect(clicks).toBe(0);
  });

  it("is no jump between two reports", () => {
    expect(play(event("down", 0, 0), event("up", 30, 0)).clicks).toBe(0);
  });

  it.each([
    ["another button", event("down", 0, 0, { button: 2 })],
    ["what lies over the film", event("down", 0, 0, { over: true })],
  ])("is not made with %s", (_, down) => {
    expect(play(down, event("up", 0, 0))).toEqual({ states: ["idle", "idle"], clicks: 0 });
  });

  it("is not made by two fingers", () => {
    const { states, clicks } = play(
      event("down", 0, 0),
      event("down", 90, 0, { id: 2 }),
      event("up", 90, 0, { id: 2 }),
      event("up", 0, 0),
    );
    expect(states).toEqual(["pressed", "idle", "idle", "idle"]);
    expect(clicks).toBe(0);
  });

  it("is not made when the system takes the press away", () => {
    expect(play(event("down", 0, 0), event("cancel", 0, 0), event("up", 0, 0)).clicks).toBe(0);
  });

  it("takes no notice of another pointer's moves", () => {
    const far = event("move", 400, 0, { id: 2 });
    expect(play(event("down", 0, 0), far, event("up", 0, 0)).clicks).toBe(1);
  });
});
