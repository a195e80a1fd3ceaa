/**
 * What a person drops or chooses, as a list of files to send: folders are walked, and a zip is
 * opened here, so that each file in it goes its own way, as if it had been dropped.
 */

import { texts } from "../texts";
import { isZip, MAX_BYTES, stillThere, unsendable, Unsendable, type Sendable } from "./sendable";

const TOO_LARGE = `The file is larger than ${MAX_BYTES / 1_000_000} MB, no single film is.`;
/** Files whose beginnings are read side by side. */
const AT_ONCE = 200;

/** A file, or why there is none, under its path. */
export interface Found {
  readonly name: string;
  readonly file: File | Unsendable;
}

/** All that was found, zips opened, in batches: the first can go while the others are looked at. */
export async function* sendables(found: readonly Found[]): AsyncGenerator<Sendable[]> {
  for (let at = 0; at < found.length; at += AT_ONCE)
    yield (await Promise.all(found.slice(at, at + AT_ONCE).map(opened))).flat();
}

async function opened({ name, file }: Found): Promise<Sendable[]> {
  if (file instanceof Unsendable) return [unsendable(name, file)];
  if (!(await isZip(file))) return [asItIs(name, file)];
  try {
    const { membersOf } = await import("./zip_members");
    return membersOf(name, file);
  } catch {
    return [unsendable(name, new Unsendable(texts.office.radiographs.upload.notLoaded), file.size)];
  }
}

function asItIs(name: string, file: File): Sendable {
  const { size, lastModified } = file;
  if (size > MAX_BYTES) return unsendable(name, new Unsendable(TOO_LARGE), size, lastModified);
  return {
    name,
    size,
    lastModified,
    async content() {
      await stillThere(file);
      return file;
    },
  };
}

/** All files of a drop, folders walked; hidden files and folders, which the system leaves, are not. */
export async function droppedFiles(items: Iterable<DataTransferItem>): Promise<Found[]> {
  // Entries must be taken before the first await: the list is emptied when the handler returns.
  const entries = [...items]
    .filter((item) => item.kind === "file")
    .map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  const found: Found[] = [];
  for (const { entry, file } of entries) {
    if (entry) found.push(...(await filesUnder(entry)));
    else if (file) found.push({ name: file.name, file });
  }
  return found;
}

/** Two films of different folders may share name, size and date: the path tells them apart. */
const pathOf = (entry: FileSystemEntry): string => entry.fullPath.replace(/^\//, "");

async function filesUnder(entry: FileSystemEntry): Promise<Found[]> {
  if (entry.name.startsWith(".")) return [];
  try {
    return entry.isFile
      ? [{ name: pathOf(entry), file: await fileOf(entry as FileSystemFileEntry) }]
      : await filesIn(entry as FileSystemDirectoryEntry);
  } catch {
    const why = new Unsendable(texts.office.radiographs.upload.closed);
    return [{ name: pathOf(entry), file: why }];
  }
}

const fileOf = (entry: FileSystemFileEntry) =>
  new Promise<File>((resolve, reject) => entry.file(resolve, reject));

async function filesIn(folder: FileSystemDirectoryEntry): Promise<Found[]> {
  const reader = folder.createReader();
  const found: Found[] = [];
  for (;;) {
    // A reader hands out at most 100 entries per call; an empty answer is the end.
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (batch.length === 0) return found;
    for (const child of batch) found.push(...(await filesUnder(child)));
  }
}
