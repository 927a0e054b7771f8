/**
 * Opens the folders of a store one after the other from its root, without following symbolic links.
 * The folder stays open while it is used, so a link made meanwhile leads nowhere else (promise G6).
 * Linux names an open folder by its number; elsewhere a path stands for it, checked part by part
 * just before.
 */
import { constants, existsSync } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE_MODE, FOLDER_MODE } from '../../lib/private-file.ts';

/** The path of a name in the folder that is open. */
export type At = (name: string) => string;

export interface Tree {
  /**
   * Runs `work` in a folder. Undefined when it, or the file that `work` opens there, is missing: a link
   * is no folder and no file.
   */
  within<Value>(
    segments: readonly string[],
    work: (at: At) => Promise<Value>,
  ): Promise<Value | undefined>;
  /** The same, with a folder that is made when it is missing. A link in its path is ENOTDIR or ELOOP. */
  make<Value>(segments: readonly string[], work: (at: At) => Promise<Value>): Promise<Value>;
}

// Windows lacks these flags.
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const FOLDER = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0);
/** Opening a pipe must not wait for a writer. */
const READ = constants.O_RDONLY | NO_FOLLOW | (constants.O_NONBLOCK ?? 0);
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;

const OPEN_FILES = '/proc/self/fd';

export function createTree(root: string): Tree {
  const hasNumbers = existsSync(OPEN_FILES);

  /** Each folder is opened in the one before it, which is closed then. */
  const enter = async <Value>(
    segments: readonly string[],
    isMade: boolean,
    work: (at: At) => Promise<Value>,
  ): Promise<Value> => {
    let path = root;
    let folder: FileHandle | undefined;
    try {
      if (isMade) await mkdir(root, { recursive: true, mode: FOLDER_MODE });
      for (const [depth, segment] of ['', ...segments].entries()) {
        path = join(path, segment);
        if (isMade && depth > 0) await makeFolder(path);
        // The root itself may be a link: its owner set it up.
        const next = await open(path, depth === 0 ? FOLDER : FOLDER | NO_FOLLOW);
        await folder?.close();
        folder = next;
        if (hasNumbers) path = join(OPEN_FILES, String(folder.fd));
      }
      return await work((name) => join(path, name));
    } finally {
      await folder?.close();
    }
  };

  return {
    within: (segments, work) => enter(segments, false, work).catch(undefinedIfAbsent),
    make: (segments, work) => enter(segments, true, work),
  };
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: FOLDER_MODE });
  } catch (error) {
    if (!(isErrno(error) && error.code === 'EEXIST')) throw error;
  }
}

/** A file to read, undefined when it is no regular one. @throws ENOENT, ELOOP for a link */
export async function openFile(path: string): Promise<FileHandle | undefined> {
  // Already opening a device may do something, so it is looked at first, and again once it is open.
  if (!(await lstat(path)).isFile()) return undefined;
  const handle = await open(path, READ);
  try {
    if ((await handle.stat()).isFile()) return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return undefined;
}

/** A new file to write. @throws EEXIST when the name is taken, by a link too */
export const createFile = (path: string): Promise<FileHandle> => open(path, CREATE, FILE_MODE);

export const isErrno = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'errno' in error && 'code' in error;

const ABSENT: readonly (string | undefined)[] = ['ELOOP', 'EMLINK', 'ENOENT', 'ENOTDIR'];

/** For what is missing, or has a link or a file where a folder would have to be. */
export function undefinedIfAbsent(error: unknown): undefined {
  if (isErrno(error) && ABSENT.includes(error.code)) return undefined;
  throw error;
}
