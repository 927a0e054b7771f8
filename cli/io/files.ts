/** Faults of local files in plain words. */
import { own } from '../../shared/lib/values.ts';
import { CommandFailure, EXIT } from './failure.ts';

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
