/**
 * Grades survive a lost connection, a closed page and a restarted server.
 *
 * Everything a reader decides is first written to a store in the browser, then sent in order, one
 * at a time, with an idempotency key: sent twice it counts once. What the server refuses for good
 * is kept aside with the server's reason and told to the reader; nothing is dropped silently.
 */

export type Kind = "grade" | "undo" | "redo" | "disc_points" | "level_shift" | "commit";

export interface Entry {
  /** The idempotency key. */
  key: string;
  user: string;
  reading: number;
  kind: Kind;
  body: object;
  /** Order of sending: milliseconds, made unique within a page. */
  order: number;
  /** The server's reason not to take it. */
  refused?: string;
}

export interface Store {
  all(): Promise<Entry[]>;
  put(entry: Entry): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Why an entry did not arrive. `passing`: trying again later can help. */
export interface SendFailure {
  passing: boolean;
  status: number;
  name: string;
  sentence: string;
}

export interface OutboxStatus {
  state: "saved" | "sending" | "offline" | "signed_out";
  waiting: number;
  refused: readonly Entry[];
  /** False while the store does not answer: then what waits is lost with this page. */
  kept: boolean;
}

/** What became of an entry, as the other tabs are told: it may be one of theirs. */
export type News = { entry: Entry; answer: unknown } | { entry: Entry; failure: SendFailure };

export interface OutboxParts {
  user: string;
  store: Store;
  send: (entry: Entry) => Promise<unknown>;
  /** Resolves after some milliseconds, or at once when `wake` is called. */
  pause: (ms: number) => Promise<void>;
  /** Runs one at a time over all tabs of this browser. */
  alone: <T>(work: () => Promise<T>) => Promise<T>;
  onstatus: (status: OutboxStatus) => void;
  onanswer: (entry: Entry, answer: unknown, waitingForReading: number) => void;
  onrefused: (entry: Entry, failure: SendFailure) => void;
  /** For `heard` of the outboxes in this browser's other tabs. */
  onnews: (news: News) => void;
}

/** What a reader decided, and has to see again when the server does not take it. */
const DECISIONS: ReadonlySet<Kind> = new Set(["grade", "disc_points", "level_shift"]);

const PAUSES = [500, 1000, 2000, 4000, 8000, 15000];

export class Outbox {
  private state: OutboxStatus["state"] = "saved";
  private entries: Entry[] = [];
  /** Decided in this page and not yet seen in the store: being written, or no store to be had. */
  private readonly fresh = new Map<string, Entry>();
  /** Sent, but the store did not let them go. */
  private readonly done = new Set<string>();
  private kept = true;
  private lastOrder = 0;
  private running: Promise<void> | null = null;
  private stopped = false;

  constructor(private readonly parts: OutboxParts) {}

  /** Take up what an earlier page left behind, and go on sending. */
  async open(): Promise<void> {
    await this.look();
    this.tell();
    this.run();
  }

  close(): void {
    this.stopped = true;
  }

  /** Keep it, then send it. Resolves when it is kept in this browser. */
  async add(reading: number, kind: Kind, body: object, key: string): Promise<Entry> {
    this.lastOrder = Math.max(Date.now(), this.lastOrder + 1);
    const { user } = this.parts;
    const entry: Entry = { key, user, reading, kind, body, order: this.lastOrder };
    this.entries.push(entry);
    this.fresh.set(key, entry);
    if (this.state === "saved") this.state = "sending";
    this.tell();
    await this.keep(entry);
    this.run();
    return entry;
  }

  get status(): OutboxStatus {
    const waiting = this.entries.filter((entry) => !entry.refused).length;
    const refused = this.entries.filter((entry) => entry.refused);
    return { state: this.state, waiting, refused, kept: this.kept };
  }

  waitingFor(reading: number): number {
    return this.entries.filter((entry) => entry.reading === reading && !entry.refused).length;
  }

  /** The reader has seen a refused entry and lets it go. */
  async dismiss(key: string): Promise<void> {
    await this.drop(key);
    this.tell();
  }

  /** Another tab has sent an entry, perhaps of this page: the page hears what became of it. */
  async heard(news: News): Promise<void> {
    const { key, user } = news.entry;
    if (user !== this.parts.user) return;
    this.fresh.delete(key);
    this.entries = this.entries.filter((entry) => entry.key !== key);
    await this.look();
    this.tell();
    this.pass(news);
  }

  /** What was refused of these readings is sent once more, in its order, under its own keys. */
  async sendAgain(readings: readonly number[]): Promise<void> {
    const again = this.entries.filter(
      ({ refused, reading }) => refused && readings.includes(reading),
    );
    for (const entry of again) {
      delete entry.refused;
      await this.keep(entry);
    }
    if (again.length > 0) this.turn("sending");
    this.run();
  }

  /** Resolves when nothing is being sent any more. */
  async idle(): Promise<void> {
    while (this.running) await this.running;
  }

  private run(): void {
    if (this.running || this.stopped) return;
    this.running = this.sendAll().finally(() => {
      this.running = null;
      if (this.status.waiting > 0) this.run();
    });
  }

  private async sendAll(): Promise<void> {
    for (let failures = 0; !this.stopped;) {
      const failure = await this.parts.alone(() => this.sendFirst()).catch(asFailure);
      if (failure === "empty") break;
      if (failure === null) {
        failures = 0;
        continue;
      }
      this.turn(failure.status === 401 ? "signed_out" : "offline");
      await this.parts.pause(PAUSES[Math.min(failures++, PAUSES.length - 1)] as number);
    }
    // Something may have been decided since it was empty: then it begins again, and nothing is saved.
    if (!this.stopped && this.status.waiting === 0) this.turn("saved");
  }

  /** Send the oldest entry. Null: go on with the next one. */
  private async sendFirst(): Promise<SendFailure | "empty" | null> {
    await this.look();
    const entry = this.entries.find((entry) => !entry.refused);
    if (!entry) return "empty";
    if (this.state === "saved") this.turn("sending");
    try {
      const answer = await this.parts.send(entry);
      await this.drop(entry.key);
      this.turn("sending");
      this.parts.onnews({ entry, answer });
      this.pass({ entry, answer });
      return null;
    } catch (error) {
      return this.failed(entry, asFailure(error));
    }
  }

  private async failed(entry: Entry, failure: SendFailure): Promise<SendFailure | null> {
    if (failure.passing || failure.status === 401) return failure;
    await this.refuse(entry, failure.sentence);
    this.tell();
    const { passing, status, name, sentence } = failure;
    this.parts.onnews({ entry, failure: { passing, status, name, sentence } });
    this.pass({ entry, failure });
    return null;
  }

  private pass(news: News): void {
    const { entry } = news;
    if ("failure" in news) this.parts.onrefused(entry, news.failure);
    else this.parts.onanswer(entry, news.answer, this.waitingFor(entry.reading));
  }

  /** A refused commit or undo holds no grade; a refused grade is kept for the reader to see. */
  private async refuse(entry: Entry, sentence: string): Promise<void> {
    if (DECISIONS.has(entry.kind)) {
      entry.refused = sentence;
      await this.keep(entry);
    } else {
      await this.drop(entry.key);
    }
    if (entry.kind !== "commit") return;
    // The film that the page has gone on to is not opened then, for the same reason.
    const { shown } = entry.body as { shown?: number | null };
    const behind = this.entries.filter(({ reading, refused }) => reading === shown && !refused);
    for (const next of behind) await this.refuse(next, sentence);
  }

  /** A full or forbidden store must not stop a grade: then it lives in this page until it is sent. */
  private async keep(entry: Entry): Promise<void> {
    try {
      await this.parts.store.put(entry);
      this.fresh.delete(entry.key);
    } catch {
      this.fresh.set(entry.key, entry);
      this.kept = false;
      this.tell();
    }
  }

  private async drop(key: string): Promise<void> {
    this.fresh.delete(key);
    this.entries = this.entries.filter((other) => other.key !== key);
    try {
      await this.parts.store.remove(key);
    } catch {
      this.done.add(key); // a later page sends it once more, and it counts once
    }
  }

  /**
   * The store is the truth: another tab may have added or sent something. While it does not answer
   * the page goes by what it knows.
   */
  private async look(): Promise<void> {
    const all = await this.parts.store.all().catch(() => null);
    if (!all) {
      this.kept = false;
      return;
    }
    const kept = new Set(all.map((entry) => entry.key));
    const fresh = [...this.fresh.values()].filter((entry) => !kept.has(entry.key));
    this.kept = fresh.length === 0 || this.kept;
    const own = all.filter(({ key, user }) => user === this.parts.user && !this.done.has(key));
    this.entries = [...own, ...fresh];
    this.entries.sort((a, b) => a.order - b.order);
  }

  private turn(state: OutboxStatus["state"]): void {
    this.state = state;
    this.tell();
  }

  private tell(): void {
    this.parts.onstatus(this.status);
  }
}

function asFailure(error: unknown): SendFailure {
  const failure = error as Partial<SendFailure>;
  if (typeof failure.passing === "boolean" && typeof failure.status === "number") {
    return failure as SendFailure;
  }
  // A fault of this page and not a refusal: the entry is kept and tried again.
  return { passing: true, status: 0, name: "fault", sentence: String(error) };
}
