/** The manifest that a command reads: a local file, or standard input kept in a file of its own. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { fileFailure } from './files.ts';

export interface Input {
  /** Of a file that can be read more than once. */
  readonly path: string;
  /** What messages call it. */
  readonly shown: string;
  /** Tells its format. */
  readonly name: string;
}

/** Gives the command its input, `-` for standard input, and removes what was kept of that. */
export async function withInput<Result>(
  given: string,
  stdin: NodeJS.ReadableStream,
  command: (input: Input) => Promise<Result>,
): Promise<Result> {
  if (given !== '-') return command({ path: given, shown: given, name: basename(given) });
  // Only its user may read such a folder.
  const folder = await mkdtemp(join(tmpdir(), 'waybill-'));
  try {
    const raw = join(folder, 'raw');
    await pipeline(stdin, createWriteStream(raw, { mode: 0o600 }));
    const name = await nameOf(raw);
    const path = join(folder, name);
    await rename(raw, path);
    return await command({ path, shown: '-', name });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A name with the ending that the content asks for. */
async function nameOf(path: string): Promise<string> {
  const isPacked = (await startOf(createReadStream(path, { end: 1 }))).equals(GZIP);
  const file = createReadStream(path, { end: 65_535 });
  const text = isPacked ? file.pipe(createGunzip()) : file;
  const first = (await startOf(text))
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  return `stdin${first.startsWith('{') ? '.jsonl' : '.csv'}${isPacked ? '.gz' : ''}`;
}

const GZIP = Buffer.from([0x1f, 0x8b]);

/** The first bytes; what is wrong with a packed file is told when it is read. */
async function startOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  try {
    for await (const chunk of stream) return chunk;
  } catch {
    // As above.
  }
  return Buffer.alloc(0);
}

const FINGERPRINT_LENGTH = 12;

/**
 * Names the content of a file.
 * @throws CommandFailure (usage) when it can't be read
 */
export async function fingerprint({ path, shown }: Input): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw fileFailure(shown, error) ?? error;
  }
  return hash.digest('hex').slice(0, FINGERPRINT_LENGTH);
}
