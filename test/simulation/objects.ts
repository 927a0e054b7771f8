/** An object store in memory, whose answers depend on nothing but what was stored. */
import { createHash } from 'node:crypto';
import { badKey, changedObject, keyFault, noObject } from '../../shared/stores/object-keys.ts';
import type { ObjectInfo, Objects } from '../../shared/stores/objects.ts';

export function createMemoryObjects(now: () => number): Objects {
  const stored = new Map<string, ObjectInfo & { readonly body: Buffer }>();
  const infoOf = ({ body: _body, ...info }: ObjectInfo & { readonly body: Buffer }): ObjectInfo =>
    info;
  return {
    bucket: 'memory',
    async head(key) {
      const found = stored.get(key);
      return found && infoOf(found);
    },
    async *read(key, { start = 0, end, ifMatch } = {}) {
      const found = stored.get(key);
      if (!found) throw noObject(key);
      if (ifMatch !== undefined && found.etag !== ifMatch) throw changedObject(key);
      yield found.body.subarray(start, end);
    },
    async put(key, content) {
      const fault = keyFault(key);
      if (fault !== undefined) throw badKey(key, fault);
      const parts: Uint8Array[] = [];
      if (typeof content === 'string' || content instanceof Uint8Array) {
        parts.push(Buffer.from(content));
      } else for await (const part of content) parts.push(Buffer.from(part));
      const body = Buffer.concat(parts);
      const etag = createHash('md5').update(body).digest('hex');
      const info = { key, sizeBytes: body.length, etag, lastModifiedAt: new Date(now()) };
      stored.set(key, { ...info, body });
      return info;
    },
    async *list(prefix) {
      const keys = [...stored.keys()].filter((key) => key.startsWith(prefix)).sort();
      for (const key of keys) {
        const found = stored.get(key);
        if (found) yield infoOf(found);
      }
    },
    async remove(key) {
      stored.delete(key);
    },
  };
}
