/** The outbox of the signed-in reader, wired to the server, the network and the other tabs. */

import * as api from "./api";
import type * as c from "./contract";
import { Outbox, type Entry, type News, type OutboxStatus, type SendFailure } from "./outbox";
import { openStore } from "./outbox_store";
import { session } from "./session.svelte";

export const saving = $state<{ status: OutboxStatus }>({
  status: { state: "saved", waiting: 0, refused: [], kept: true },
});

type Answered = (entry: Entry, answer: unknown, waiting: number) => void;
type Refused = (entry: Entry, failure: SendFailure) => void;

let outbox: Promise<Outbox> | null = null;
let wake: () => void = () => {};
let answered: Answered = () => {};
let refused: Refused = () => {};

/** The screen hears what became of the entries; the one that comes next has the ear from then on. */
export function listen(onanswer: Answered, onrefused: Refused): () => void {
  answered = onanswer;
  refused = onrefused;
  return () => {
    if (answered === onanswer) answered = () => {};
    if (refused === onrefused) refused = () => {};
  };
}

/** What a commit changes is asked for again when one that waited has come to its end. */
export function listenForCommits(changed: () => void): () => void {
  const heard = ({ kind }: Entry) => {
    if (kind === "commit") changed();
  };
  return listen(heard, heard);
}

/** The outbox of whoever is signed in; what an earlier page left unsent goes out now. */
export function outboxOf(user: string): Promise<Outbox> {
  outbox ??= opened(user);
  return outbox;
}

export function newKey(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Plain http on a hospital network is no secure context, and has no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** What every decision carries: its idempotency key and the reader's clock. */
export function stamped<T extends object>(body: T): T & Required<c.Keyed> {
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- a moment, not state
  return { ...body, idempotency_key: newKey(), client_time: new Date().toISOString() };
}

async function opened(user: string): Promise<Outbox> {
  const tabs = new BroadcastChannel("syndesmo-outbox");
  const made = new Outbox({
    user,
    store: await openStore(globalThis.indexedDB),
    send,
    pause,
    alone,
    onstatus: (status) => (saving.status = status),
    onanswer: (entry, answer, waiting) => answered(entry, answer, waiting),
    onrefused: (entry, failure) => refused(entry, failure),
    onnews: (news) => tabs.postMessage($state.snapshot(news)),
  });
  tabs.onmessage = ({ data }: MessageEvent<News>) => void made.heard(data);
  await made.open();
  return made;
}

function send(entry: Entry): Promise<unknown> {
  switch (entry.kind) {
    case "grade":
      return api.saveGrade(entry.reading, entry.body as c.GradeEvent);
    case "undo":
      return api.undoGrade(entry.reading, entry.body as c.Keyed);
    case "redo":
      return api.redoGrade(entry.reading, entry.body as c.Keyed);
    case "disc_points":
      return api.saveDiscPoints(entry.reading, entry.body as c.DiscPointsEvent);
    case "level_shift":
      return api.shiftLevels(entry.reading, entry.body as c.LevelShiftEvent);
    case "commit":
      return api.commitReading(entry.reading, entry.body as c.CommitEvent);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

/** One tab sends at a time. Without the lock (plain http) the idempotency keys still hold. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return work();
  return navigator.locks.request("syndesmo-outbox", work) as Promise<T>;
}

window.addEventListener("online", () => wake());
window.addEventListener("beforeunload", (event) => {
  if (saving.status.waiting > 0) event.preventDefault();
});

// After signing in again the waiting entries go out at once.
$effect.root(() => {
  $effect(() => {
    if (session.user && !session.expired) wake();
  });
});
