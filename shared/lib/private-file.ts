/**
 * Creates files and folders that only the service and its group may read. A tighter umask, or a
 * tighter mode already set, is kept.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Group members may read, as operators do. */
export const FOLDER_MODE = 0o750;
export const FILE_MODE = 0o640;

const STICKY = 0o1000;

/** Makes a folder where it is missing, and tightens one that is there. */
export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
  tighten(path, FOLDER_MODE);
}

/**
 * Makes an empty file where it is missing, with its folder, and tightens one that is there. A file that is
 * there is not opened: closing it again would end the locks that SQLite has on it in this process.
 * @returns its real path, which is one whatever links lead to it
 */
export function makeFile(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  if (!existsSync(path)) closeSync(openSync(path, 'a', FILE_MODE));
  tighten(path, FILE_MODE);
  return realpathSync(path);
}

/** Takes rights away that `mode` has not. Nothing happens where there is no such file. */
export function tighten(path: string, mode: number): void {
  const found = statSync(path, { throwIfNoEntry: false });
  // A sticky folder is everybody's, such as /tmp.
  if (!found || (found.mode & STICKY) !== 0 || (found.mode & 0o777 & ~mode) === 0) return;
  try {
    chmodSync(path, found.mode & mode);
  } catch {
    // Of another owner, who decides; or of a file system without modes.
  }
}
