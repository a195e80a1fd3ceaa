/**
 * The files of a zip that somebody dropped, by the server's rules for a zip in a folder of films
 * (`film_files.py`) and in its words.
 *
 * Only the table of contents is read at once. A member is unpacked when its turn comes, and again
 * when it must be sent again, so that an archive of many gigabytes is never in memory. This file
 * and its library are loaded when the first zip is dropped.
 */

import {
  BlobReader,
  ERR_UNSUPPORTED_COMPRESSION,
  ZipReader,
  type Entry,
  type FileEntry,
} from "@zip.js/zip.js/lib/zip-core-native.js";

import { texts } from "../texts";
import { isZip, MAX_BYTES, stillThere, unsendable, Unsendable, type Sendable } from "./sendable";

const MOST_GROWTH = 100;
const GROWTH_BASE = 2 ** 30;
const MOST_MEMBERS = 100_000;

const damaged = () => new Unsendable("The zip archive is damaged.");
const absurd = () => new Unsendable("The zip archive would unpack to an absurd size.");

// Our pages allow no worker that is made of a text; what a member is called is ours to judge.
const HOW = { useWebWorkers: false, strictness: "tolerant", checkSignature: true } as const;

/** Each file of the archive; one line that says why where there are none. */
export async function membersOf(name: string, archive: File): Promise<Sendable[]> {
  const { size, lastModified } = archive;
  try {
    const members = await filesIn(archive);
    if (members.length === 0) throw new Unsendable(texts.office.radiographs.upload.emptyArchive);
    const ownName = numbered();
    return members.map((member) => ({
      name: `${name} › ${ownName(member.filename)}`,
      size: member.uncompressedSize,
      lastModified,
      content: () => contentOf(member, archive),
    }));
  } catch (error) {
    const why = error instanceof Unsendable ? error : damaged();
    return [unsendable(name, why, size, lastModified)];
  }
}

/** An archive may hold several members of one name; each is a file of its own. */
function numbered(): (name: string) => string {
  const times = new Map<string, number>();
  return (name) => {
    const nth = (times.get(name) ?? 0) + 1;
    times.set(name, nth);
    return nth === 1 ? name : `${name} (${nth})`;
  };
}

async function filesIn(archive: File): Promise<FileEntry[]> {
  const members: FileEntry[] = [];
  let unpacked = 0;
  for await (const member of new ZipReader(new BlobReader(archive), HOW).getEntriesGenerator()) {
    if (!isFile(member)) continue;
    unpacked += member.uncompressedSize;
    if (members.push(member) > MOST_MEMBERS) throw absurd();
  }
  if (unpacked > GROWTH_BASE + MOST_GROWTH * archive.size) throw absurd();
  return members.filter((member) => !isHidden(member.filename));
}

const isFile = (member: Entry): member is FileEntry => !member.directory;

const partsOf = (name: string) => name.replaceAll("\\", "/").split("/");

const isHidden = (name: string) => partsOf(name).some((part) => /^\.[^.]/.test(part));

const leadsOut = (name: string) => /^([A-Za-z]:|[\\/])/.test(name) || partsOf(name).includes("..");

async function contentOf(member: FileEntry, archive: File): Promise<File> {
  if (leadsOut(member.filename)) throw new Unsendable("The name leads out of the archive.");
  if (member.encrypted) throw new Unsendable("The archive is encrypted; unpack it first.");
  if (member.uncompressedSize > MAX_BYTES)
    throw new Unsendable(`The file is larger than ${MAX_BYTES / 1_000_000} MB.`);
  await stillThere(archive);
  const content = await unpacked(member);
  if (await isZip(content))
    throw new Unsendable("This is an archive within an archive; unpack it first.");
  return content;
}

/** No more than the member claims to hold: some claim little and never end. */
async function unpacked(member: FileEntry): Promise<File> {
  const parts: BlobPart[] = [];
  let left = member.uncompressedSize;
  const kept = new WritableStream<Uint8Array<ArrayBuffer>>({
    write(part) {
      left -= part.length;
      if (left < 0) throw new RangeError("The member is longer than it claims to be.");
      parts.push(part);
    },
  });
  try {
    await member.getData(kept);
  } catch (error) {
    const isForeign = error instanceof Error && error.message === ERR_UNSUPPORTED_COMPRESSION;
    throw new Unsendable(
      isForeign
        ? texts.office.radiographs.upload.foreignPacking
        : "The archive is damaged here: the file cannot be read.",
    );
  }
  return new File(parts, partsOf(member.filename).at(-1) ?? "");
}
