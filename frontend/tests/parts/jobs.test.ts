import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { followJob, type Followed } from "../../src/parts/jobs";

const job = (state: Followed["state"]): Followed => ({ id: 7, state });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function handlers(answers: (Followed | Error)[]) {
  return {
    get: vi.fn(async () => {
      const answer = answers.shift();
      if (!answer || answer instanceof Error) throw answer ?? new Error("asked too often");
      return answer;
    }),
    changed: vi.fn(),
    ended: vi.fn(),
    unreachable: vi.fn(),
  };
}

describe("following a job", () => {
  it("asks until the job has ended and then stops asking", async () => {
    const h = handlers([job("queued"), job("running"), job("succeeded")]);
    followJob(7, h, 1000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(h.get).toHaveBeenCalledTimes(3);
    expect(h.changed.mock.calls.map(([seen]) => seen.state)).toEqual([
      "queued",
      "running",
      "succeeded",
    ]);
    expect(h.ended).toHaveBeenCalledExactlyOnceWith(job("succeeded"));
  });

  it("goes on asking after an answer that did not come", async () => {
    const h = handlers([new Error("The server does not answer."), job("cancelled")]);
    followJob(7, h, 1000);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(h.unreachable.mock.calls).toEqual([["The server does not answer."], [null]]);
    expect(h.ended).toHaveBeenCalledOnce();
  });

  it("is silent once it has been stopped", async () => {
    const h = handlers([job("running"), job("succeeded")]);
    const stop = followJob(7, h, 1000);
    await vi.advanceTimersByTimeAsync(500);
    stop();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(h.get).toHaveBeenCalledOnce();
    expect(h.ended).not.toHaveBeenCalled();
  });
});
