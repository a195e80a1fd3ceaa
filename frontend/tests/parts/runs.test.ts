import { describe, expect, it } from "vitest";

import type { Job } from "../../src/contract";
import { mayGoOn } from "../../src/parts/runs";

type Run = Pick<Job, "training" | "state">;

function run(state: Run["state"], recipe = "best", study = "First reading"): Run {
  return { state, training: { task: "corner_grades", recipe, study } };
}

describe("a training that failed", () => {
  const failed = run("failed");
  it("is started again, whatever else was trained since", () => {
    expect(mayGoOn(failed, [failed])).toBe(true);
    const since = [run("succeeded", "quick"), run("failed", "best", "Second"), failed];
    expect(mayGoOn(failed, since)).toBe(true);
  });
  it.each(["failed", "succeeded", "cancelled", "running"] as const)(
    "is not, once the same was trained again and %s",
    (state) => expect(mayGoOn(failed, [run(state), failed])).toBe(false),
  );
  it("is no run that ended otherwise, and no comparison", () => {
    const done = run("succeeded");
    const comparison = { state: "failed", training: null } as Run;
    expect(mayGoOn(done, [done])).toBe(false);
    expect(mayGoOn(comparison, [comparison])).toBe(false);
  });
});
