import { BlobReader, BlobWriter, TextReader, ZipWriter } from "@zip.js/zip.js";
import { describe, expect, it } from "vitest";

import { sendables } from "../../src/parts/dropped";
import { Unsendable, type Sendable } from "../../src/parts/sendable";
import { korean } from "../../src/texts/ko";

type Members = Record<string, Blob | string>;

const PACKED = { useWebWorkers: false };

async function zip(members: Members, how: object = {}): Promise<File> {
  const writer = new ZipWriter(new BlobWriter(), { ...PACKED, ...how });
  for (const [name, content] of Object.entries(members))
    await writer.add(
      name,
      typeof content === "string" ? new TextReader(content) : new BlobReader(content),
    );
  return new File([await writer.close()], "films.zip", { lastModified: 7 });
}

async function membersOf(archive: File): Promise<Sendable[]> {
  const members: Sendable[] = [];
  for await (const batch of sendables([{ name: archive.name, file: archive }]))
    members.push(...batch);
  return members;
}

/** Its text, or the sentence why it has none. */
const told = (member: Sendable): Promise<string> =>
  member.content().then(
    (file) => file.text(),
    (error) => (error instanceof Unsendable ? error.message : Promise.reject(error)),
  );

const allTold = async (archive: File) =>
  Object.fromEntries(
    await Promise.all(
      (await membersOf(archive)).map(async (one) => [
        one.name.split(" › ")[1] ?? one.name,
        await told(one),
      ]),
    ),
  );

/** The archive with some of its bytes changed: `change` gets them all. */
async function wounded(archive: File, change: (bytes: Uint8Array) => void): Promise<File> {
  const bytes = new Uint8Array(await archive.arrayBuffer());
  change(bytes);
  return new File([bytes], archive.name, { lastModified: 7 });
}

const place = (bytes: Uint8Array, text: string) => Buffer.from(bytes).indexOf(text);

describe("a dropped zip", () => {
  it("is its files, each with its path, size and own bytes", async () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) % 251);
    for (const level of [0, 6]) {
      const members = await membersOf(
        await zip({ "one/a.dcm": new Blob([bytes]), b: "B" }, { level }),
      );
      expect(members.map(({ name, size }) => [name, size])).toEqual([
        ["films.zip › one/a.dcm", 300_000],
        ["films.zip › b", 1],
      ]);
      const content = await members[0]?.content();
      expect(content?.name).toBe("a.dcm");
      expect(new Uint8Array((await content?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(bytes);
    }
  });

  it("can be read a second time, for a file that must be sent again", async () => {
    const [member] = await membersOf(await zip({ a: "A" }));
    expect(member && [await told(member), await told(member)]).toEqual(["A", "A"]);
  });

  it("is as many files as it has members, though some have one name", async () => {
    const archive = await wounded(await zip({ "a.dcm": "A", "b.dcm": "B" }), (bytes) => {
      for (let at = 0; (at = place(bytes, "b.dcm")) >= 0;) bytes[at] = "a".charCodeAt(0);
    });
    expect(await allTold(archive)).toEqual({ "a.dcm": "A", "a.dcm (2)": "B" });
  });

  it("leaves out folders and hidden files", async () => {
    const archive = await zip({ "a/": "", "__MACOSX/._b": "x", ".git/c": "x", "d/e": "E" });
    expect(Object.keys(await allTold(archive))).toEqual(["d/e"]);
  });

  it("tells of what is damaged, and the rest goes on", async () => {
    const archive = await zip({ a: "wound me here", b: "B" }, { level: 0 });
    const broken = await wounded(archive, (bytes) =>
      bytes.fill(0, place(bytes, "wound"), place(bytes, "wound") + 5),
    );
    expect(await allTold(broken)).toEqual({
      a: "The archive is damaged here: the file cannot be read.",
      b: "B",
    });
  });

  it("tells of what is encrypted, leads out, is a zip itself, or is packed in another way", async () => {
    const locked = await zip({ a: "A" }, { password: "x", zipCrypto: true });
    expect(await allTold(locked)).toEqual({ a: "The archive is encrypted; unpack it first." });
    const outer = await zip({ "../a": "A", "inner.zip": await zip({ b: "B" }), c: "C" });
    expect(await allTold(outer)).toEqual({
      "../a": "The name leads out of the archive.",
      "inner.zip": "This is an archive within an archive; unpack it first.",
      c: "C",
    });
    const foreign = await wounded(await zip({ a: "A" }, { level: 0 }), (bytes) => {
      bytes[8] = bytes[place(bytes, "PK\x01\x02") + 10] = 12; // bzip2
    });
    expect((await allTold(foreign)).a).toContain("in a way that this browser cannot open");
  });

  it("does not unpack more than a member claims to hold", async () => {
    const archive = await zip({ a: new Blob([new Uint8Array(1_000_000)]) });
    const lying = await wounded(archive, (bytes) => {
      new DataView(bytes.buffer).setUint32(place(bytes, "PK\x01\x02") + 24, 10, true);
    });
    expect(await allTold(lying)).toEqual({
      a: "The archive is damaged here: the file cannot be read.",
    });
  });

  it("is one line when it is damaged, empty or would grow beyond all bounds", async () => {
    const broken = new File(["PK\x03\x04 and no more"], "films.zip");
    expect(await allTold(broken)).toEqual({ "films.zip": "The zip archive is damaged." });
    expect(await allTold(await zip({}))).toEqual({
      "films.zip": "There is no file in the archive.",
    });
    const bomb = await wounded(await zip({ a: "A" }), (bytes) => {
      new DataView(bytes.buffer).setUint32(place(bytes, "PK\x01\x02") + 24, 2 ** 31, true);
    });
    expect(await allTold(bomb)).toEqual({
      "films.zip": "The zip archive would unpack to an absurd size.",
    });
  });

  it("speaks in sentences of the server, which have their Korean", async () => {
    const { readFile } = await import("node:fs/promises");
    const source = await readFile(
      new URL("../../src/parts/zip_members.ts", import.meta.url),
      "utf8",
    );
    const said = [...source.matchAll(/Unsendable\("(.+?)"\)/g)].map(([, sentence]) => sentence);
    expect(said.length).toBeGreaterThan(3);
    expect(said.filter((sentence) => !((sentence ?? "") in korean.fromServer))).toEqual([]);
  });
});
