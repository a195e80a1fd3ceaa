import { expect, it } from "vitest";

import type { Mark } from "../src/contract";
import { DecisionKeys } from "../src/decision_keys";

const mark = (grade: 0 | 2): Mark => ({ grade, not_assessable: null, findings: [] });

function keys(): DecisionKeys {
  let made = 0;
  return new DecisionKeys(() => `key ${++made}`);
}

it("gives the same decision the same key until it has arrived", () => {
  const mine = keys();
  const first = mine.of(7, mark(2));
  expect(mine.of(7, mark(2))).toBe(first);
  expect(mine.of(7, mark(0))).not.toBe(first);
  mine.arrived();
  expect(mine.of(7, mark(0))).toBe("key 3");
});

it("gives the same grade of the next case another key", () => {
  const mine = keys();
  expect(mine.of(8, mark(2))).not.toBe(mine.of(7, mark(2)));
});
