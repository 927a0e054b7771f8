/**
 * The embedded object store: a folder. A key is a path below it, of regular files in real folders.
 * A symbolic link is no object, so nobody who may write here can read what the service may read.
 */
import { randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, lstat, readdir, rename, rm, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type InputError, StoreError } from '../../lib/errors.ts';
import { own } from '../../lib/values.ts';
import { badKey, changedObject, keyFault, noObject } from '../object-keys.ts';
import type { Content, ObjectInfo, Objects } from '../objects.ts';
import {
  type At,
  createFile,
  createTree,
  isErrno,
  openFile,
  type Tree,
  undefinedIfAbsent,
} from './tree.ts';

/** Names of files that are still being written; neither listed nor watched. */
const UNFINISHED = '.waybill-unfinished-';

/** Largest name of a file on the file systems in use. */
const SEGMENT_BYTES = 255;

/** Of a file's path on Linux, without its end; other systems take less. */
const PATH_BYTES = 4_095;

/** Bytes per read: few calls, little memory. */
const CHUNK_BYTES = 262_144;

/** @param path of the folder, or of a link to it; the first object makes it when it is absent */
export function createFolderObjects(path: string): Objects {
  const root = resolve(path);
  const tree = createTree(root);
  const placeOf = (key: string): Place => placeIn(root, key);

  const walk = createWalk(tree, root);
  return {
    bucket: root,
    async head(key) {
      // A good key that no file can have: there is none.
      if (keyFault(key) === undefined && faultOf(key, root) !== undefined) return undefined;
      const { folder, name } = placeOf(key);
      try {
        return await tree.within(folder, (at) => infoOf(key, at(name)));
      } catch (error) {
        throw failed('look at', key, error);
      }
    },
    async *read(key, range = {}) {
      const { folder, name } = placeOf(key);
      const opened = tree.within(folder, (at) => openFile(at(name)));
      const handle = await opened.catch((error: unknown) => {
        throw failed('read', key, error);
      });
      if (!handle) throw noObject(key);
      yield* readChunks(handle, key, range);
    },
    async put(key, content) {
      const { folder, name } = placeOf(key);
      const write = (at: At) => writeFile(key, at, name, content);
      const made = tree.make(folder, (at) => Promise.allSettled([write(at)]));
      const [written] = await onDisk(key, made);
      if (written.status === 'rejected') throw written.reason;
      return written.value;
    },
    async *list(prefix) {
      // Start at the deepest folder that the prefix names whole.
      const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
      if (folder !== '') placeOf(folder);
      try {
        yield* walk(folder === '' ? [] : folder.split('/'), prefix);
      } catch (error) {
        throw isErrno(error) ? failed('list', prefix || 'the store', error) : error;
      }
    },
    async remove(key) {
      const { folder, name } = placeOf(key);
      try {
        await tree.within(folder, async (at) => {
          if (await infoOf(key, at(name))) await unlink(at(name));
        });
      } catch (error) {
        throw failed('remove', key, error);
      }
    },
  };
}

function placeIn(root: string, key: string): Place {
  const fault = faultOf(key, root);
  if (fault !== undefined) throw badKey(key, fault);
  const segments = key.split('/');
  return { folder: segments.slice(0, -1), name: segments.at(-1) ?? '' };
}

/** Closes the file at its end, and when the reader has enough. */
async function* readChunks(
  handle: FileHandle,
  key: string,
  { start = 0, end, ifMatch }: NonNullable<Parameters<Objects['read']>[1]>,
): AsyncGenerator<Uint8Array> {
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

const onDisk = <Value>(key: string, step: Promise<Value>): Promise<Value> =>
  step.catch((error: unknown) => {
    throw failed('write', key, error);
  });

async function writeFile(key: string, at: At, name: string, content: Content): Promise<ObjectInfo> {
  const unfinished = at(`${UNFINISHED}${randomUUID()}`);
  try {
    const handle = await onDisk(key, createFile(unfinished));
    let written: BigIntStats;
    try {
      // Errors of the content itself, such as an upload that breaks off, pass as they are.
      for await (const part of partsOf(content)) await onDisk(key, handle.writeFile(part));
      await onDisk(key, handle.sync());
      // Under its name others may have replaced or removed it again.
      written = await onDisk(key, handle.stat({ bigint: true }));
    } finally {
      await handle.close();
    }
    await onDisk(key, rename(unfinished, at(name)));
    return toInfo(key, written);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
}

function createWalk(tree: Tree, root: string) {
  /** Keys below a folder in byte order, so that `a.csv` is before `a/b`; folders end with a slash. */
  const entriesOf = async (folder: readonly string[], prefix: string): Promise<Entries> => {
    const entries = await tree.within(folder, async (at) => {
      const found: [key: string, info?: ObjectInfo][] = [];
      for (const entry of await readdir(at('.'), { withFileTypes: true })) {
        const path = [...folder, entry.name].join('/');
        const key = entry.isDirectory() ? `${path}/` : path;
        // A name that is no key was put there by somebody else; it must not hide the others.
        if (!key.startsWith(prefix) || faultOf(path, root) !== undefined) continue;
        if (entry.isDirectory()) found.push([key]);
        if (!entry.isFile()) continue;
        const info = await infoOf(key, at(entry.name)).catch(undefinedIfAbsent);
        if (info) found.push([key, info]);
      }
      return found;
    });
    return (entries ?? []).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  };

  return async function* walk(
    folder: readonly string[],
    prefix: string,
  ): AsyncGenerator<ObjectInfo> {
    for (const [key, info] of await entriesOf(folder, prefix)) {
      if (info) yield info;
      else yield* walk(key.slice(0, -1).split('/'), prefix);
    }
  };
}

type Entries = readonly (readonly [key: string, info?: ObjectInfo])[];

/** Where a key's file lies below the root. */
interface Place {
  readonly folder: readonly string[];
  readonly name: string;
}

/** Of a regular file; anything else is no object. @throws ENOENT */
async function infoOf(key: string, path: string): Promise<ObjectInfo | undefined> {
  const found = await lstat(path, { bigint: true });
  return found.isFile() ? toInfo(key, found) : undefined;
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

/** What is wrong with a key in the folder `root`, as what was expected. */
function faultOf(key: string, root: string): string | undefined {
  const fault = keyFault(key);
  if (fault !== undefined) return fault;
  const segments = key.split('/');
  if (segments.some((segment) => segment.startsWith(UNFINISHED))) {
    return `expected no segment that starts with ${UNFINISHED}`;
  }
  if (segments.some((segment) => Buffer.byteLength(segment) > SEGMENT_BYTES)) {
    return `expected segments of at most ${SEGMENT_BYTES} bytes`;
  }
  return Buffer.byteLength(join(root, key)) > PATH_BYTES ? TOO_LONG : undefined;
}

const CLASH =
  'expected no object and no symbolic link at a part of its path, and no object below it, as objects are files';

const TOO_LONG = 'expected a shorter key: the path of its file is too long';

/** Keys that no file can have, as the file system says. */
const KEY_FAULTS: Readonly<Record<string, string>> = {
  EEXIST: CLASH,
  EISDIR: CLASH,
  ELOOP: CLASH,
  ENAMETOOLONG: TOO_LONG,
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
  const fault = own(KEY_FAULTS, code);
  if (fault !== undefined) return badKey(key, fault, error);
  const reason = own(REASONS, code) ?? (error instanceof Error ? error.message : String(error));
  return new StoreError(`The object store could not ${doing} ${key}: ${reason}.`, error);
}
