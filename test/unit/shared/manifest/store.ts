/** The folder store, with counts of what is read and written, and reads as small as one likes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderObjects } from '../../../../shared/stores/folder/objects.ts';
import type { Objects } from '../../../../shared/stores/objects.ts';

export interface CountingStore extends Objects {
  /** Bytes handed out by `read` so far. */
  bytesRead: number;
  puts: number;
  text(key: string): Promise<string>;
  [Symbol.dispose](): void;
}

/** @param chunkBytes how much `read` hands out at once */
export function openStore(chunkBytes = 65_536): CountingStore {
  const path = mkdtempSync(join(tmpdir(), 'waybill-manifest-'));
  const objects = createFolderObjects(path);
  const store: CountingStore = {
    ...objects,
    bytesRead: 0,
    puts: 0,
    async *read(key, options = {}) {
      // S3 refuses a range that starts at the end.
      const size = (await objects.head(key))?.sizeBytes ?? 0;
      if ((options.start ?? 0) >= size && size > 0) throw new Error('416 InvalidRange');
      for await (const chunk of objects.read(key, options)) {
        for (let at = 0; at < chunk.length; at += chunkBytes) {
          const part = chunk.subarray(at, at + chunkBytes);
          store.bytesRead += part.length;
          yield part;
        }
      }
    },
    async put(key, content) {
      store.puts += 1;
      return objects.put(key, content);
    },
    async text(key) {
      return Buffer.concat(await Array.fromAsync(objects.read(key))).toString();
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
  return store;
}
