/** The outbox's shelf in IndexedDB, and one in memory for a browser that has none. */

import type { Entry, Store } from "./outbox";

const DATABASE = "syndesmo";
const SHELF = "outbox";

function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export async function openStore(factory: IDBFactory | undefined): Promise<Store> {
  if (!factory) return memoryStore();
  try {
    const opening = factory.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(SHELF, { keyPath: "key" });
    return shelf(await finished(opening));
  } catch {
    return memoryStore(); // private windows of some browsers
  }
}

function shelf(database: IDBDatabase): Store {
  const inside = <T>(mode: IDBTransactionMode, work: (shelf: IDBObjectStore) => IDBRequest<T>) =>
    finished(work(database.transaction(SHELF, mode).objectStore(SHELF)));
  return {
    all: async () =>
      (await inside<Entry[]>("readonly", (shelf) => shelf.getAll())).sort(
        (a, b) => a.order - b.order,
      ),
    put: async (entry) => void (await inside("readwrite", (shelf) => shelf.put(entry))),
    remove: async (key) => void (await inside("readwrite", (shelf) => shelf.delete(key))),
  };
}

export function memoryStore(): Store {
  const entries = new Map<string, Entry>();
  return {
    all: async () => [...entries.values()].sort((a, b) => a.order - b.order),
    put: async (entry) => void entries.set(entry.key, entry),
    remove: async (key) => void entries.delete(key),
  };
}
