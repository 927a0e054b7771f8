/** The embedded object store: a folder. A key is a path below it. */
import { randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { type InputError, StoreError } from '../../lib/errors.ts';
import { badKey, changedObject, keyFault, noObject } from '../object-keys.ts';
import type { Content, ObjectInfo, Objects } from '../objects.ts';

/** Names of files that are still being written; neither listed nor watched. */
export const UNFINISHED = '.waybill-unfinished-';

/** Largest name of a file on the file systems in use. */
const SEGMENT_BYTES = 255;

/** Bytes per read: few calls, little memory. */
const CHUNK_BYTES = 262_144;

/** @param path of the folder; the first object makes it when it is absent */
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
      throw failed('look at', key, error);
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
      throw isErrno(error) ? failed('read', key, error) : error;
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
    const onDisk = <Value>(step: Promise<Value>): Promise<Value> =>
      step.catch((error: unknown) => {
        throw failed('write', key, error);
      });
    try {
      await onDisk(mkdir(dirname(file), { recursive: true }));
      const handle = await onDisk(open(unfinished, 'wx'));
      try {
        // Errors of the content itself, such as an upload that breaks off, pass as they are.
        for await (const part of partsOf(content)) await onDisk(handle.writeFile(part));
        await onDisk(handle.sync());
      } finally {
        await handle.close();
      }
      await onDisk(rename(unfinished, file));
      return toInfo(key, await onDisk(stat(file, { bigint: true })));
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {});
      throw error;
    }
  };

  async function* list(prefix: string): AsyncGenerator<ObjectInfo> {
    // Start at the deepest folder that the prefix names whole.
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    if (folder !== '') segmentsOf(folder.slice(0, -1));
    for (const key of await keysBelow(join(root, folder), folder)) {
      // A name that is no key was put there by somebody else; it must not hide the others.
      if (!key.startsWith(prefix) || faultOf(key) !== undefined) continue;
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
      if (!(await head(key))) return;
      try {
        await unlink(file);
      } catch (error) {
        if (!isAbsent(error)) throw failed('remove', key, error);
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
  const found = await handle.stat({ bigint: true });
  if (!found.isFile()) throw noObject(key);
  const info = toInfo(key, found);
  if (ifMatch === undefined || info.etag === ifMatch) return info;
  throw changedObject(key);
}

/** Content as parts, to be written one after the other. */
const partsOf = (content: Content) =>
  typeof content === 'string' || content instanceof Uint8Array ? [content] : content;

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
    throw failed('list', prefix || 'the store', error);
  }
}

async function openFile(file: string, key: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    throw isAbsent(error) ? noObject(key, error) : failed('read', key, error);
  }
}

/** @throws InputError (BODY_INVALID, path `key`) for a key that can't be a path below the folder */
function segmentsOf(key: string): readonly string[] {
  const fault = faultOf(key);
  if (fault === undefined) return key.split('/');
  throw badKey(key, fault);
}

/** What is wrong with a key, as what was expected. */
function faultOf(key: string): string | undefined {
  const fault = keyFault(key);
  if (fault !== undefined) return fault;
  const segments = key.split('/');
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

const CLASH = 'expected no object at a part of its path and none below it, as objects are files';

/** Keys that no file can have, whatever the state of the disk. */
const KEY_FAULTS: Readonly<Record<string, string>> = {
  EEXIST: CLASH,
  EISDIR: CLASH,
  ENAMETOOLONG: 'expected a shorter key: the path of its file is too long',
  ENOTDIR: CLASH,
  ENOTEMPTY: CLASH,
};

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the quota is used up',
  ENOSPC: 'the disk is full',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
};

function failed(doing: string, key: string, error: unknown): InputError | StoreError {
  const code = isErrno(error) ? (error.code ?? '') : '';
  const fault = KEY_FAULTS[code];
  if (fault !== undefined) return badKey(key, fault, error);
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new StoreError(`The object store could not ${doing} ${key}: ${reason}.`, error);
}
