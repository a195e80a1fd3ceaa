import { describe, expect, it, vi } from "vitest";

import { tally, UploadQueue, type Send, type UploadResult } from "../../src/parts/uploads";

const film = (name: string) => ({
  name,
  size: 1,
  lastModified: 1,
  content: async () => new File(["x"], name),
});
const settled = () => new Promise((resolve) => setTimeout(resolve));

/** A server whose answers the test gives one by one. */
function slowServer() {
  const open: {
    name: string;
    progress: (share: number) => void;
    answer: (result: UploadResult) => void;
    fail: (error: Error) => void;
  }[] = [];
  const send: Send<UploadResult> = (file, progress) =>
    new Promise((answer, fail) => open.push({ name: file.name, progress, answer, fail }));
  return { open, send };
}

function queueOn(send: Send<UploadResult>, atOnce = 2) {
  let seen: readonly { name: string; state: string; sent: number; error: string | null }[] = [];
  const queue = new UploadQueue(send, (uploads) => (seen = uploads), atOnce);
  return { queue, now: () => seen, states: () => seen.map((upload) => upload.state) };
}

describe("the upload queue", () => {
  it("sends no more files at once than allowed", () => {
    const { open, send } = slowServer();
    const { queue, states } = queueOn(send);
    queue.add([film("a"), film("b"), film("c")]);
    expect(open.map((one) => one.name)).toEqual(["a", "b"]);
    expect(states()).toEqual(["sending", "sending", "waiting"]);
  });

  it("sends the next file when one is answered", async () => {
    const { open, send } = slowServer();
    const { queue, states } = queueOn(send, 1);
    queue.add([film("a"), film("b")]);
    open[0]?.answer({ status: "imported" });
    await settled();
    expect(open.map((one) => one.name)).toEqual(["a", "b"]);
    expect(states()).toEqual(["done", "sending"]);
  });

  it("reports the progress of each file", () => {
    const { open, send } = slowServer();
    const { queue, now } = queueOn(send);
    queue.add([film("a"), film("b")]);
    open[1]?.progress(0.4);
    expect(now().map((upload) => upload.sent)).toEqual([0, 0.4]);
  });

  it("goes on with the rest when one file fails", async () => {
    const { open, send } = slowServer();
    const { queue, states, now } = queueOn(send, 1);
    queue.add([film("a"), film("b")]);
    open[0]?.fail(new Error("The server does not answer."));
    await settled();
    open[1]?.answer({ status: "imported" });
    await settled();
    expect(states()).toEqual(["failed", "done"]);
    expect(now()[0]?.error).toBe("The server does not answer.");
  });

  it("sends failed files again when resumed, and only those", async () => {
    const { open, send } = slowServer();
    const { queue, states } = queueOn(send);
    queue.add([film("a"), film("b")]);
    open[0]?.answer({ status: "imported" });
    open[1]?.fail(new Error("offline"));
    await settled();
    queue.resume();
    expect(open.map((one) => one.name)).toEqual(["a", "b", "b"]);
    expect(states()).toEqual(["done", "sending"]);
  });

  it("sends what lost the connection again by itself, later and later, and nothing else", async () => {
    vi.useFakeTimers();
    try {
      const { open, send } = slowServer();
      const lost = new Error("no connection");
      const queue = new UploadQueue(
        send,
        () => {},
        2,
        (error) => error === lost,
      );
      queue.add([film("a"), film("b")]);
      open[0]?.fail(new Error("refused"));
      open[1]?.fail(lost);
      await vi.advanceTimersByTimeAsync(0);
      expect(queue.busy).toBe(true);
      await vi.advanceTimersByTimeAsync(1999);
      expect(open.length).toBe(2);
      await vi.advanceTimersByTimeAsync(1);
      expect(open.map((one) => one.name)).toEqual(["a", "b", "b"]);
      open[2]?.fail(lost);
      await vi.advanceTimersByTimeAsync(3999);
      expect(open.length).toBe(3);
      await vi.advanceTimersByTimeAsync(1);
      expect(open.length).toBe(4);
      open[3]?.answer({ status: "imported" });
      await vi.advanceTimersByTimeAsync(60_000);
      expect(open.length).toBe(4);
      expect(queue.busy).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it("sends nothing more while the connection is lost, and all of it afterwards", async () => {
    vi.useFakeTimers();
    try {
      const { open, send } = slowServer();
      const queue = new UploadQueue(
        send,
        () => {},
        1,
        () => true,
      );
      queue.add([film("a"), film("b"), film("c")]);
      open[0]?.fail(new Error("no connection"));
      await vi.advanceTimersByTimeAsync(1999);
      expect(open.map((one) => one.name)).toEqual(["a"]);
      await vi.advanceTimersByTimeAsync(1);
      open[1]?.answer({ status: "imported" });
      await vi.advanceTimersByTimeAsync(0);
      expect(open.map((one) => one.name)).toEqual(["a", "a", "b"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("goes on at once when one of several gets through", async () => {
    const { open, send } = slowServer();
    const queue = new UploadQueue(
      send,
      () => {},
      2,
      () => true,
    );
    queue.add([film("a"), film("b")]);
    open[0]?.fail(new Error("no connection"));
    await settled();
    open[1]?.answer({ status: "imported" });
    await settled();
    expect(open.map((one) => one.name)).toEqual(["a", "b", "a"]);
    queue.stop();
  });

  it("sends nothing more once it is stopped", async () => {
    const { open, send } = slowServer();
    const { queue } = queueOn(send, 1);
    queue.add([film("a"), film("b")]);
    queue.stop();
    open[0]?.answer({ status: "imported" });
    await settled();
    queue.add([film("c")]);
    expect(open.map((one) => one.name)).toEqual(["a"]);
  });

  it("does not queue the same file twice", () => {
    const { open, send } = slowServer();
    const { queue, states } = queueOn(send, 5);
    queue.add([film("a"), film("a")]);
    queue.add([film("a")]);
    expect(open).toHaveLength(1);
    expect(states()).toEqual(["sending"]);
  });

  it("is busy until the last answer", async () => {
    const { open, send } = slowServer();
    const { queue } = queueOn(send);
    queue.add([film("a")]);
    expect(queue.busy).toBe(true);
    open[0]?.answer({ status: "refused", reason: "This is no film." });
    await settled();
    expect(queue.busy).toBe(false);
  });

  it("clears what is done and keeps what failed", async () => {
    const { open, send } = slowServer();
    const { queue, now } = queueOn(send);
    queue.add([film("a"), film("b")]);
    open[0]?.answer({ status: "duplicate" });
    open[1]?.fail(new Error("offline"));
    await settled();
    queue.clearFinished();
    expect(now().map((upload) => upload.name)).toEqual(["b"]);
  });

  it("tallies results by what the server said", async () => {
    const { open, send } = slowServer();
    let counts = tally([]);
    const queue = new UploadQueue(send, (uploads) => (counts = tally(uploads)), 3);
    queue.add(["a", "b", "c", "d"].map(film));
    open[0]?.answer({ status: "imported" });
    open[1]?.answer({ status: "quarantined", reason: "region" });
    open[2]?.fail(new Error("offline"));
    await settled();
    expect(counts).toMatchObject({
      imported: 1,
      quarantined: 1,
      failed: 1,
      sending: 1,
      waiting: 0,
    });
  });
});
