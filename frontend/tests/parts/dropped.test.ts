import { describe, expect, it, vi } from "vitest";

import { droppedFiles, sendables, type Found } from "../../src/parts/dropped";
import { MAX_BYTES, sending, Unsendable, type Sendable } from "../../src/parts/sendable";

async function all(found: readonly Found[]): Promise<Sendable[]> {
  const batches: Sendable[] = [];
  for await (const batch of sendables(found)) batches.push(...batch);
  return batches;
}

interface Entry {
  name: string;
  fullPath: string;
  isFile: boolean;
}

const isAway = () => {
  throw new DOMException("gone", "NotFoundError");
};

function file(path: string, text = "x"): Entry {
  const name = path.split("/").at(-1) ?? "";
  const give = (taken: (file: File) => void) => taken(new File([text], name, { lastModified: 1 }));
  return { name, fullPath: `/${path}`, isFile: true, ...{ file: give } };
}

/** Hands out one entry per call, as a reader may. */
function folder(path: string, children: Entry[]): Entry {
  const left = [...children];
  const readEntries = (taken: (entries: Entry[]) => void) => taken(left.splice(0, 1));
  return {
    name: path.split("/").at(-1) ?? "",
    fullPath: `/${path}`,
    isFile: false,
    ...{ createReader: () => ({ readEntries }) },
  };
}

function closed(path: string): Entry {
  const readEntries = (_: unknown, failed: (error: Error) => void) => failed(new Error("closed"));
  return { ...folder(path, []), ...{ createReader: () => ({ readEntries }) } };
}

const drop = (...entries: Entry[]) =>
  droppedFiles(
    entries.map((entry) => ({
      kind: "file",
      webkitGetAsEntry: () => entry,
      getAsFile: () => null,
    })) as unknown as DataTransferItem[],
  );

describe("what is dropped", () => {
  it("is walked through, and films of one name in two folders are two", async () => {
    const found = await drop(
      folder("disk", [
        folder("disk/one", [file("disk/one/0001")]),
        folder("disk/two", [file("disk/two/0001"), file("disk/two/.DS_Store")]),
        folder("disk/.Trashes", [file("disk/.Trashes/0001")]),
      ]),
      file("single.dcm"),
    );
    expect(found.map(({ name }) => name)).toEqual(["disk/one/0001", "disk/two/0001", "single.dcm"]);
  });

  it("tells of a folder that cannot be opened, and goes on", async () => {
    const [first, second] = await all(await drop(closed("shut"), file("a")));
    await expect(first?.content()).rejects.toBeInstanceOf(Unsendable);
    expect(first?.name).toBe("shut");
    expect((await second?.content())?.name).toBe("a");
  });
});

describe("an archive", () => {
  it("has its line when what opens it cannot be loaded", async () => {
    vi.doMock("../../src/parts/zip_members", () => {
      throw new Error("no connection");
    });
    const [one] = await all([{ name: "a.zip", file: new File(["PK\x03\x04"], "a.zip") }]);
    await expect(one?.content()).rejects.toThrow("that opens archives did not come");
    vi.doUnmock("../../src/parts/zip_members");
  });
});

describe("a file to send", () => {
  it("is refused before it is sent when the server would not take it", async () => {
    const large = { size: MAX_BYTES + 1, lastModified: 1, slice: () => new Blob() };
    const [one] = await all([{ name: "scan.raw", file: large as unknown as File }]);
    const sent: string[] = [];
    const send = sending(async (content) => void sent.push(content.name));
    const result = one && (await send(one, () => {}));
    expect(result).toMatchObject({
      status: "refused",
      reason: "The file is larger than 200 MB, no single film is.",
    });
    expect(sent).toEqual([]);
  });

  it("fails with a sentence when it has gone, which is no lost connection", async () => {
    const gone = { name: "a", size: 5, lastModified: 1, slice: isAway } as unknown as File;
    const [one] = await all([{ name: "a", file: gone }]);
    const send = sending(async () => {});
    await expect(one && send(one, () => {})).rejects.toThrow("moved or changed");
  });
});
