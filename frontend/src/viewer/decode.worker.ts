/** JPEG-LS bytes in, film with its smaller sizes out; off the main thread. */

import charls from "@cornerstonejs/codec-charls/decodewasmjs";
import wasmUrl from "@cornerstonejs/codec-charls/decodewasm?url";

import { pyramid, type Picture } from "./picture";

export interface Request {
  id: number;
  bytes: ArrayBuffer;
}
export type Answer = { id: number; picture: Picture } | { id: number; failed: string };

const codec = charls({ locateFile: () => wasmUrl });

/** End of image (ITU-T T.81 table B.1). */
const END = [0xff, 0xd9];

async function decode(bytes: Uint8Array): Promise<Picture> {
  // CharLS looks for a marker for minutes beyond the end of a cut stream.
  if (`${bytes.slice(-2)}` !== `${END}`) throw new Error("its end is missing");
  const decoder = new (await codec).JpegLSDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const { width, height, bitsPerSample, componentCount } = decoder.getFrameInfo();
    if (componentCount !== 1 || bitsPerSample < 9) throw new Error("not one 16-bit channel");
    // The decoder's memory is used again for the next film: copy.
    const raw = decoder.getDecodedBuffer().slice();
    return pyramid(new Uint16Array(raw.buffer, 0, width * height), width, height);
  } finally {
    decoder.delete();
  }
}

self.addEventListener("message", async ({ data }: MessageEvent<Request>) => {
  try {
    const picture = await decode(new Uint8Array(data.bytes));
    const buffers = picture.levels.map((level) => level.pixels.buffer);
    self.postMessage({ id: data.id, picture } satisfies Answer, { transfer: buffers });
  } catch (error) {
    self.postMessage({ id: data.id, failed: String(error) } satisfies Answer);
  }
});
