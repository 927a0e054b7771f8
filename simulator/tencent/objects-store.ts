/** Objects of the simulated buckets, in memory. */

export interface StoredObject {
  readonly md5: string;
  /** CRC-64/XZ in decimal; missing of what was fetched. */
  readonly crc64?: string;
  readonly sizeBytes: number;
  readonly lastModifiedAt: Date;
  /** Missing of an empty object, and of one that was too large to keep. */
  readonly body?: Buffer;
  /** Metadata, as the headers that tell it. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly storageClass?: string;
  /** What a batch restore asked for. */
  readonly restore?: { readonly days: number; readonly tier: string };
}

export interface ObjectsStore {
  /** @param path `<bucket>/<key>` */
  get(path: string): StoredObject | undefined;
  /** @param body empty when it was only measured and hashed */
  put(path: string, object: Omit<StoredObject, 'body'>, body: Buffer): void;
  /** Stores it as it is, body and all. */
  set(path: string, object: StoredObject): void;
  delete(path: string): void;
  readonly size: number;
  entries(): MapIterator<[path: string, object: StoredObject]>;
}

/** Larger bodies are not kept. */
const KEPT_BYTES = 67_108_864;

export function createObjectsStore(): ObjectsStore {
  const objects = new Map<string, StoredObject>();
  return {
    get: (path) => objects.get(path),
    put(path, object, body) {
      const isKept = body.length > 0 && body.length <= KEPT_BYTES;
      objects.set(path, isKept ? { ...object, body } : object);
    },
    set: (path, object) => void objects.set(path, object),
    delete: (path) => void objects.delete(path),
    get size() {
      return objects.size;
    },
    entries: () => objects.entries(),
  };
}
