/** Decoded films by address: the one on screen, the ones to come, and the last few seen. */

import type { Answer, Request } from "./decode.worker";
import type { Picture } from "./picture";

/** Decoded bytes to keep: about ten films of 6 megapixels, or two of 30. */
const MOST_BYTES = 256 * 1024 * 1024;

export class FilmStore {
  private readonly films = new Map<string, Promise<Picture>>();
  private readonly decoded = new Map<string, Picture>();
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private worker: Worker | null = null;
  private last = 0;

  /** `bytesOf` fetches the stored picture; the viewer itself knows no server. */
  constructor(private readonly bytesOf: (url: string) => Promise<ArrayBuffer>) {}

  /** The decoded film. Asking for it ahead of time is the same call. */
  get(url: string): Promise<Picture> {
    let film = this.films.get(url);
    if (film) {
      this.films.delete(url); // to the young end
    } else {
      film = this.load(url);
      film.catch(() => this.films.delete(url)); // a failure may be asked for again
    }
    this.films.set(url, film);
    return film;
  }

  /** The film if it is decoded: then it can be painted at once, without a preview first. */
  ready(url: string): Picture | null {
    return this.decoded.get(url) ?? null;
  }

  /** Have the decoder ready before the first film is asked for. */
  warm(): void {
    this.decoder();
  }

  private async load(url: string): Promise<Picture> {
    const picture = await this.decode(await this.bytesOf(url));
    this.decoded.set(url, picture);
    this.forgetOldest();
    return picture;
  }

  private decode(bytes: ArrayBuffer): Promise<Picture> {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, (answer) =>
        "picture" in answer ? resolve(answer.picture) : reject(new BrokenPicture(answer.failed)),
      );
      this.decoder().postMessage({ id, bytes } satisfies Request, [bytes]);
    });
  }

  private decoder(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(new URL("./decode.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      this.waiting.get(data.id)?.(data);
      this.waiting.delete(data.id);
    };
    worker.onerror = () => this.failAll();
    this.worker = worker;
    return worker;
  }

  /** The worker itself broke (no memory, no codec): a new one is started for the next film. */
  private failAll(): void {
    for (const [id, answer] of this.waiting) answer({ id, failed: "The decoder stopped." });
    this.waiting.clear();
    this.worker?.terminate();
    this.worker = null;
  }

  private forgetOldest(): void {
    let total = 0;
    for (const url of [...this.films.keys()].reverse()) {
      const picture = this.decoded.get(url);
      total += picture ? picture.width * picture.height * 2.67 : 0;
      if (total > MOST_BYTES) {
        this.films.delete(url);
        this.decoded.delete(url);
      }
    }
  }
}

/** The bytes came, but they are no picture. */
export class BrokenPicture extends Error {}
