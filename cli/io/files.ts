/** Local files as readers of manifests and lists want them, and their faults in plain words. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { own } from '../../shared/lib/values.ts';
import type { ListFiles } from '../../shared/manifest/sources/files.ts';
import { CommandFailure, EXIT } from './failure.ts';

/** Names are paths. */
export const localFiles: ListFiles = {
  read: (path, { start = 0, end = Number.POSITIVE_INFINITY } = {}) =>
    createReadStream(path, { start, end: end - 1, highWaterMark: 65_536 }),
  sizeOf: async (path) => {
    const found = await stat(path).catch(() => undefined);
    return found?.isFile() ? found.size : undefined;
  },
};

const FAULTS: Readonly<Record<string, readonly [what: string, todo: string]>> = {
  ENOENT: ['there is no such file', 'Check the path'],
  ENOTDIR: ['there is no such file', 'Check the path'],
  EACCES: ['this user may not read it', 'Check its mode and its owner'],
  EISDIR: ['it is a folder', 'Name a file'],
};

/** Undefined for what is no error of the file system. */
export function fileFailure(path: string, error: unknown): CommandFailure | undefined {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return undefined;
  const [what, todo] = own(FAULTS, String(error.code)) ?? [error.message, 'Check the file'];
  return new CommandFailure(`${path}: ${what}`, todo, EXIT.usage, error);
}
