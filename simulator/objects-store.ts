/** Objects of the simulated buckets, in memory; bodies only while they are small. */

export interface StoredObject {
  readonly md5: string;
  readonly sizeBytes: number;
  readonly lastModifiedAt: Date;
  readonly body?: Buffer;
}

export interface ObjectsStore {
  /** @param path `<bucket>/<key>` */
  get(path: string): StoredObject | undefined;
  put(path: string, object: Omit<StoredObject, 'body'>, body: Buffer): void;
  delete(path: string): void;
  readonly size: number;
  entries(): MapIterator<[path: string, object: StoredObject]>;
}

/** Larger bodies are measured and hashed, but not kept. */
const KEPT_BYTES = 1_048_576;

export function createObjectsStore(): ObjectsStore {
  const objects = new Map<string, StoredObject>();
  return {
    get: (path) => objects.get(path),
    put(path, object, body) {
      objects.set(
        path,
        body.length <= KEPT_BYTES && body.length > 0 ? { ...object, body } : object,
      );
    },
    delete: (path) => void objects.delete(path),
    get size() {
      return objects.size;
    },
    entries: () => objects.entries(),
  };
}
