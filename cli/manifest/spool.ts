/** Writes output that appears whole or not at all. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** Manifests hold URLs, which may hold secrets. */
const MODE = 0o640;

/**
 * Writes a file beside its place and renames it once it is whole; without a place, keeps the text in a
 * file of its own and prints it then.
 * @param path packed when it ends in .gz
 */
export async function writeWhole(
  text: AsyncIterable<string>,
  path: string | undefined,
  stdout: NodeJS.WritableStream,
): Promise<void> {
  if (path === undefined) {
    const folder = await mkdtemp(join(tmpdir(), 'waybill-'));
    try {
      const file = join(folder, 'output');
      await pipeline(Readable.from(text), createWriteStream(file, { mode: MODE }));
      await pipeline(createReadStream(file), stdout, { end: false });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return;
  }
  const unfinished = join(dirname(path), `.waybill-unfinished-${process.pid}-${basename(path)}`);
  try {
    const file = createWriteStream(unfinished, { mode: MODE });
    if (path.endsWith('.gz')) await pipeline(Readable.from(text), createGzip(), file);
    else await pipeline(Readable.from(text), file);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
}
