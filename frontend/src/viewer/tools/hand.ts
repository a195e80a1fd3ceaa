/**
 * What a hand on the film does, as named states. Pure: pointer events in, effects out.
 *
 * idle -> panning (left button, one finger, pen) -> idle
 * idle -> windowing (right button, or any while the window mode is on) -> idle
 * panning -> pinching (a second finger) -> panning
 */

export type Hand =
  | { name: "idle" }
  | { name: "panning"; id: number; x: number; y: number }
  | { name: "windowing"; id: number; x: number; y: number }
  | { name: "pinching"; a: Touch; b: Touch };

interface Touch {
  id: number;
  x: number;
  y: number;
}

export interface HandEvent extends Touch {
  type: "down" | "move" | "up";
  /** 0 left, 1 middle, 2 right; as in PointerEvent */
  button: number;
  touch: boolean;
  windowMode: boolean;
}

export type Effect =
  | { kind: "pan"; dx: number; dy: number }
  | { kind: "window"; dx: number; dy: number }
  | { kind: "zoom"; x: number; y: number; factor: number; dx: number; dy: number };

export const IDLE: Hand = { name: "idle" };

export function step(hand: Hand, event: HandEvent): [Hand, Effect | null] {
  switch (event.type) {
    case "down":
      return [pressed(hand, event), null];
    case "move":
      return moved(hand, event);
    case "up":
      return [released(hand, event), null];
  }
}

function pressed(hand: Hand, event: HandEvent): Hand {
  const { id, x, y } = event;
  if (hand.name === "panning" && event.touch) {
    return { name: "pinching", a: { id: hand.id, x: hand.x, y: hand.y }, b: { id, x, y } };
  }
  if (hand.name !== "idle") return hand;
  const windows = event.button === 2 || (event.windowMode && event.button === 0);
  return { name: windows ? "windowing" : "panning", id, x, y };
}

function moved(hand: Hand, event: HandEvent): [Hand, Effect | null] {
  const { id, x, y } = event;
  if (hand.name === "pinching") return pinched(hand, { id, x, y });
  if (hand.name === "idle" || hand.id !== id) return [hand, null];
  const [dx, dy] = [x - hand.x, y - hand.y];
  const kind = hand.name === "panning" ? "pan" : "window";
  return [
    { ...hand, x, y },
    { kind, dx, dy },
  ];
}

function pinched(hand: Extract<Hand, { name: "pinching" }>, at: Touch): [Hand, Effect | null] {
  if (at.id !== hand.a.id && at.id !== hand.b.id) return [hand, null];
  const a = at.id === hand.a.id ? at : hand.a;
  const b = at.id === hand.b.id ? at : hand.b;
  const apart = (p: Touch, q: Touch) => Math.max(1, Math.hypot(p.x - q.x, p.y - q.y));
  const [x, y] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
  const dx = x - (hand.a.x + hand.b.x) / 2;
  const dy = y - (hand.a.y + hand.b.y) / 2;
  const factor = apart(a, b) / apart(hand.a, hand.b);
  return [
    { name: "pinching", a, b },
    { kind: "zoom", x, y, factor, dx, dy },
  ];
}

function released(hand: Hand, event: HandEvent): Hand {
  if (hand.name === "pinching") {
    const left = event.id === hand.a.id ? hand.b : event.id === hand.b.id ? hand.a : null;
    return left ? { name: "panning", ...left } : hand;
  }
  return hand.name !== "idle" && hand.id === event.id ? IDLE : hand;
}
