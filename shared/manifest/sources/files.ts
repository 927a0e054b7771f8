/** The files of a list: a port that a local folder, the object store or a bucket can serve. */
import { InputError } from '../../lib/errors.ts';
import type { Objects } from '../../stores/objects.ts';
import { gunzip } from '../gzip.ts';

/** Names are paths with `/`. Bytes come as they are stored: nothing unpacks them on the way. */
export interface ListFiles extends Pick<Objects, 'read'> {
  /** In bytes; undefined when there is no such file. */
  sizeOf(name: string): Promise<number | undefined>;
}

type ListCode = 'LIST_DAMAGED' | 'LIST_INCOMPLETE' | 'LIST_UNKNOWN_FORMAT';

/** @param message begins with the file's name or follows it, and ends with what to do */
export const listError = (code: ListCode, name: string, message: string): InputError =>
  new InputError(code, `${name}: ${message}`, [{ path: name, message }]);

const GZIP = Buffer.from([0x1f, 0x8b]);

/** The first bytes of a file, at most `limit`. */
export async function headOf(files: ListFiles, name: string, limit: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of files.read(name, { start: 0, end: limit })) {
    parts.push(Buffer.from(part));
    length += part.length;
    if (length >= limit) break;
  }
  return Buffer.concat(parts).subarray(0, limit);
}

export const isGzip = (head: Uint8Array): boolean => head[0] === GZIP[0] && head[1] === GZIP[1];

/**
 * The text of a file, unpacked if it is gzip by its first bytes, whatever its name says.
 * @param read @default that of `files`
 * @throws InputError (LIST_DAMAGED)
 */
export async function* unpacked(
  files: ListFiles,
  name: string,
  read: Objects['read'] = files.read,
): AsyncGenerator<Uint8Array> {
  const sizeBytes = await sizeOfExisting(files, name);
  if (!isGzip(await headOf(files, name, 2))) yield* read(name);
  else {
    try {
      const anyVersion = {
        read: (key: string, { start = 0 } = {}) => read(key, start > 0 ? { start } : {}),
      };
      yield* gunzip(anyVersion, { key: name, etag: '', sizeBytes });
    } catch (error) {
      if (!(error instanceof InputError) || error.code !== 'MANIFEST_INVALID') throw error;
      const what = error.errors[0]?.message ?? error.message;
      throw listError('LIST_DAMAGED', name, `${what}. Fetch the file again.`);
    }
  }
}

export async function sizeOfExisting(files: ListFiles, name: string): Promise<number> {
  const size = await files.sizeOf(name);
  if (size !== undefined) return size;
  throw listError('LIST_INCOMPLETE', name, 'the file is missing. Check the path.');
}
