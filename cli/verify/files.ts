/** Compares files with the size and SHA-256 that a document names them by. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { fileFailure } from '../io/files.ts';

export const FILE_RESULTS = ['equal', 'different', 'missing'] as const;

/** @throws CommandFailure (usage) for a file that is there and can't be read */
export async function compareFile(
  path: string,
  { sizeBytes, sha256 }: { readonly sizeBytes: number; readonly sha256: string },
): Promise<(typeof FILE_RESULTS)[number]> {
  const hash = createHash('sha256');
  let read = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) {
      hash.update(chunk);
      read += chunk.length;
    }
  } catch (error) {
    if (/^(?:ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? '')) return 'missing';
    throw fileFailure(path, error) ?? error;
  }
  return read === sizeBytes && hash.digest('hex') === sha256 ? 'equal' : 'different';
}
