declare module "@cornerstonejs/codec-charls/decodewasmjs" {
  interface JpegLSDecoder {
    getEncodedBuffer(size: number): Uint8Array;
    decode(): void;
    getFrameInfo(): {
      width: number;
      height: number;
      bitsPerSample: number;
      componentCount: number;
    };
    getDecodedBuffer(): Uint8Array<ArrayBuffer>;
    delete(): void;
  }
  interface Codec {
    JpegLSDecoder: new () => JpegLSDecoder;
  }
  export default function load(options: { locateFile: () => string }): Promise<Codec>;
}
