/** Objects of the simulated buckets, in memory. */
import { createSortedKeys, type SortedKeys } from '../listing.ts';

export interface StoredObject {
  readonly md5: string;
  /** Without quotes, where it is not the MD5: of an upload in parts. */
  readonly etag?: string;
  /** CRC-64/XZ in decimal. */
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

export const etagOf = ({ etag, md5 }: Pick<StoredObject, 'etag' | 'md5'>): string =>
  `"${etag ?? md5}"`;

export interface ObjectsStore {
  /** @param path `<bucket>/<key>` */
  get(path: string): StoredObject | undefined;
  /** @param body empty when it was only measured and hashed */
  put(path: string, object: Omit<StoredObject, 'body'>, body: Buffer): void;
  /** Stores it as it is, body and all. */
  set(path: string, object: StoredObject): void;
  delete(path: string): void;
  readonly size: number;
  readonly keys: SortedKeys;
  entries(): MapIterator<[path: string, object: StoredObject]>;
}

/** Larger bodies are not kept. */
const KEPT_BYTES = 67_108_864;

export function createObjectsStore(): ObjectsStore {
  const objects = new Map<string, StoredObject>();
  const keys = createSortedKeys(() => objects.keys());
  const set = (path: string, object: StoredObject): void => {
    if (!objects.has(path)) keys.changed();
    objects.set(path, object);
  };
  return {
    keys,
    get: (path) => objects.get(path),
    put(path, object, body) {
      const isKept = body.length > 0 && body.length <= KEPT_BYTES;
      set(path, isKept ? { ...object, body } : object);
    },
    set,
    delete(path) {
      if (objects.delete(path)) keys.changed();
    },
    get size() {
      return objects.size;
    },
    entries: () => objects.entries(),
  };
}
