/** One file to send, whether it was dropped itself or lies in a zip, and what keeps it from going. */

import { texts } from "../texts";

/** The largest file that the server takes; a test holds it equal. */
export const MAX_BYTES = 200_000_000;

const ZIP_BEGINNINGS = ["PK\x03\x04", "PK\x05\x06"];

/** A file to send; its bytes are asked for when its turn comes, and again when that failed. */
export interface Sendable {
  /** With the folders or the archive that it lies in. */
  readonly name: string;
  readonly size: number;
  readonly lastModified: number;
  content(): Promise<File>;
}

/** The file will never be sent; the sentence says why, in the server's words where it has some. */
export class Unsendable extends Error {}

/** What becomes of a file that never leaves the browser. */
interface Refused {
  path: string;
  status: "refused";
  reason: string;
  radiograph: null;
}

/** Sends the content of a file; one that cannot be sent is refused here, as the server would. */
export function sending<R>(
  upload: (file: File, onProgress: (share: number) => void) => Promise<R>,
) {
  return async (file: Sendable, onProgress: (share: number) => void): Promise<R | Refused> => {
    let content: File;
    try {
      content = await file.content();
    } catch (error) {
      if (!(error instanceof Unsendable)) throw error;
      return { path: file.name, status: "refused", reason: error.message, radiograph: null };
    }
    return upload(content, onProgress);
  };
}

/** Told from its first bytes, whatever it is called. */
export async function isZip(file: Blob): Promise<boolean> {
  try {
    return ZIP_BEGINNINGS.includes(await file.slice(0, 4).text());
  } catch {
    return false; // said when its turn comes
  }
}

export function unsendable(name: string, why: Unsendable, size = 0, lastModified = 0): Sendable {
  return { name, size, lastModified, content: () => Promise.reject(why) };
}

/** A request with a file that has gone fails like one without a connection, for ever. */
export async function stillThere(file: Blob): Promise<void> {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Error(texts.office.radiographs.upload.moved);
  }
}
