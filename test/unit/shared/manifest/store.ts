/** An object store over real files that counts what is read, and helpers for manifests in it. */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../../../shared/errors.ts';
import type { Content, ObjectInfo, Objects } from '../../../../shared/objects/port.ts';

export interface CountingStore extends Objects {
  /** Bytes handed out by `read` so far. */
  bytesRead: number;
  puts: number;
  text(key: string): Promise<string>;
  [Symbol.dispose](): void;
}

/** @param chunkBytes how much `read` hands out at once */
export function openStore(chunkBytes = 65_536): CountingStore {
  const bucket = mkdtempSync(join(tmpdir(), 'waybill-manifest-'));
  const versions = new Map<string, number>();
  const path = (key: string) => join(bucket, encodeURIComponent(key));
  const head = async (key: string): Promise<ObjectInfo | undefined> => {
    const found = statSync(path(key), { throwIfNoEntry: false });
    if (!found) return undefined;
    const etag = createHash('md5').update(`${key} ${versions.get(key)}`).digest('hex');
    return { key, sizeBytes: found.size, etag, lastModifiedAt: found.mtime };
  };
  const store: CountingStore = {
    bucket,
    bytesRead: 0,
    puts: 0,
    head,
    async *read(key, { start = 0, end, ifMatch } = {}) {
      const info = await head(key);
      if (!info) throw new InputError('NOT_FOUND', `${key} is absent.`);
      if (ifMatch !== undefined && ifMatch !== info.etag) {
        throw new InputError('MANIFEST_CHANGED', `${key} changed.`);
      }
      if (start >= info.sizeBytes || end === start) throw new Error('416: nothing to read there');
      const last = { ...(end === undefined ? {} : { end: end - 1 }) };
      const options = { start, ...last, highWaterMark: chunkBytes };
      for await (const chunk of createReadStream(path(key), options)) {
        store.bytesRead += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
    },
    async put(key, content) {
      await writeFile(path(key), content as Exclude<Content, AsyncIterable<string | Uint8Array>>);
      versions.set(key, (versions.get(key) ?? 0) + 1);
      store.puts += 1;
      return (await head(key)) as ObjectInfo;
    },
    async *list(prefix) {
      const keys = readdirSync(bucket).map(decodeURIComponent).sort();
      for (const key of keys) if (key.startsWith(prefix)) yield (await head(key)) as ObjectInfo;
    },
    remove: (key) => rm(path(key), { force: true }),
    text: async (key) => (await readFile(path(key))).toString(),
    [Symbol.dispose]: () => rmSync(bucket, { recursive: true, force: true }),
  };
  mkdirSync(bucket, { recursive: true });
  return store;
}
