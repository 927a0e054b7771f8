/** The embedded object store: a folder. A key is a path below it. */
import { randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { InputError, StoreError } from '../errors.ts';
import type { Content, ObjectInfo, Objects } from './port.ts';

/** Names of files that are still being written; neither listed nor watched. */
export const UNFINISHED = '.waybill-unfinished-';

/** Largest name of a file on the file systems in use. */
const SEGMENT_BYTES = 255;
/** Bytes per read: few calls, little memory. */
const CHUNK_BYTES = 262_144;

/** @param path of the folder, made when absent */
export function createFolderObjects(path: string): Objects {
  const root = resolve(path);
  const fileOf = (key: string): string => join(root, ...segmentsOf(key));

  const head: Objects['head'] = async (key) => {
    const file = fileOf(key);
    try {
      const found = await stat(file, { bigint: true });
      return found.isFile() ? toInfo(key, found) : undefined;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw failed(`look at ${key}`, error);
    }
  };

  async function* read(
    key: string,
    { start = 0, end, ifMatch }: Parameters<Objects['read']>[1] = {},
  ): AsyncGenerator<Uint8Array> {
    const handle = await openFile(fileOf(key), key);
    let broken = false;
    try {
      const { sizeBytes } = await sameVersion(handle, key, ifMatch);
      const stop = Math.min(end ?? sizeBytes, sizeBytes);
      for (let position = start; position < stop; ) {
        const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, stop - position));
        const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
        if (bytesRead === 0) break;
        position += bytesRead;
        yield chunk.subarray(0, bytesRead);
      }
    } catch (error) {
      broken = true;
      throw isErrno(error) ? failed(`read ${key}`, error) : error;
    } finally {
      // Also when the reader has enough: what it got may be of two versions.
      try {
        if (!broken) await sameVersion(handle, key, ifMatch);
      } finally {
        await handle.close();
      }
    }
  }

  const put: Objects['put'] = async (key, content) => {
    const file = fileOf(key);
    const unfinished = join(dirname(file), `${UNFINISHED}${randomUUID()}`);
    try {
      await mkdir(dirname(file), { recursive: true });
      const handle = await open(unfinished, 'wx');
      try {
        await write(handle, content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(unfinished, file);
      return toInfo(key, await stat(file, { bigint: true }));
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {});
      throw isErrno(error) ? failed(`write ${key}`, error) : error;
    }
  };

  async function* list(prefix: string): AsyncGenerator<ObjectInfo> {
    // Start at the deepest folder that the prefix names whole.
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    if (folder !== '') segmentsOf(folder.slice(0, -1));
    for (const key of await keysBelow(join(root, folder), folder)) {
      if (!key.startsWith(prefix)) continue;
      const info = await head(key);
      if (info) yield info;
    }
  }

  return {
    bucket: root,
    head,
    read,
    put,
    list,
    async remove(key) {
      const file = fileOf(key);
      try {
        await unlink(file);
      } catch (error) {
        if (!isAbsent(error)) throw failed(`remove ${key}`, error);
      }
    },
  };
}

/** A version is told by size, time of change in nanoseconds, and inode: a new file has another one. */
function toInfo(key: string, { size, mtimeNs, ino, mtimeMs }: BigIntStats): ObjectInfo {
  return {
    key,
    sizeBytes: Number(size),
    etag: [size, mtimeNs, ino].map((part) => part.toString(36)).join('-'),
    lastModifiedAt: new Date(Number(mtimeMs)),
  };
}

/** @throws InputError (MANIFEST_CHANGED) when the open file is not the version asked for */
async function sameVersion(
  handle: FileHandle,
  key: string,
  ifMatch: string | undefined,
): Promise<ObjectInfo> {
  const info = toInfo(key, await handle.stat({ bigint: true }));
  if (ifMatch === undefined || info.etag === ifMatch) return info;
  throw new InputError('MANIFEST_CHANGED', `${key} changed while it was used.`, [
    { path: 'key', message: 'expected the version that was planned' },
  ]);
}

async function write(handle: FileHandle, content: Content): Promise<void> {
  if (typeof content === 'string' || content instanceof Uint8Array) {
    await handle.writeFile(content);
    return;
  }
  for await (const part of content) await handle.writeFile(part);
}

/** All keys of files below a folder, in byte order. */
async function keysBelow(folder: string, prefix: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith(UNFINISHED))
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
      .map((path) => prefix + path.split(sep).filter(Boolean).join('/'))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw failed(`list ${prefix || 'the store'}`, error);
  }
}

async function openFile(file: string, key: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (!isAbsent(error)) throw failed(`read ${key}`, error);
    const fault = { path: 'key', message: 'expected the key of an object in the store' };
    throw new InputError('NOT_FOUND', `There is no object ${key}.`, [fault], error);
  }
}

/** @throws InputError (BODY_INVALID, path `key`) for a key that can't be a path below the folder */
function segmentsOf(key: string): readonly string[] {
  const segments = key.split('/');
  const fault = faultOf(key, segments);
  if (fault === undefined) return segments;
  throw new InputError('BODY_INVALID', `The key ${JSON.stringify(key)} can't be stored.`, [
    { path: 'key', message: fault },
  ]);
}

function faultOf(key: string, segments: readonly string[]): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f]/.test(key)) return 'expected no control characters';
  if (!key.isWellFormed()) return 'expected valid Unicode';
  if (segments.some((segment) => segment === ''))
    return 'expected no empty segment between slashes';
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    return 'expected no segment . or ..';
  }
  if (segments.some((segment) => segment.startsWith(UNFINISHED))) {
    return `expected no segment that starts with ${UNFINISHED}`;
  }
  if (segments.some((segment) => Buffer.byteLength(segment) > SEGMENT_BYTES)) {
    return `expected segments of at most ${SEGMENT_BYTES} bytes`;
  }
  return undefined;
}

const isErrno = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'errno' in error && 'code' in error;

const isAbsent = (error: unknown): boolean =>
  isErrno(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the quota is used up',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
};

const failed = (doing: string, error: unknown): StoreError => {
  const code = isErrno(error) ? (error.code ?? '') : '';
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new StoreError(`The object store could not ${doing}: ${reason}.`, error);
};
