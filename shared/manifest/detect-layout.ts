/** Detects the layout of a manifest from its first bytes, and refuses other files. */
import type { Layout } from '../ledger/manifest-lines.ts';
import { InputError } from '../lib/errors.ts';
import type { ObjectInfo, Objects } from '../stores/objects.ts';
import { DEFAULT_COLUMNS, parseCsvHeader } from './csv.ts';
import { gunzip } from './gzip.ts';
import { LINE_LIMIT_BYTES } from './lint.ts';
import { wholeFileFault } from './whole-file.ts';

/** The first line at its longest, with byte order mark and line break. */
const HEAD_BYTES = LINE_LIMIT_BYTES + 5;

/** First bytes of files that are often mistaken for a manifest. */
const FOREIGN: readonly (readonly [magic: string, name: string])[] = [
  ['fffe', 'UTF-16 text; save it as UTF-8'],
  ['feff', 'UTF-16 text; save it as UTF-8'],
  ['504b0304', 'a ZIP archive or a spreadsheet; export it as CSV'],
  ['1f8b', 'packed with gzip; its name must end in .gz'],
  ['28b52ffd', 'packed with Zstandard; use gzip'],
  ['425a68', 'packed with bzip2; use gzip'],
  ['fd377a585a00', 'packed with xz; use gzip'],
  ['50415231', 'a Parquet file; export it as CSV'],
];

/**
 * Reads the head of a manifest for its byte order mark, header line and columns.
 * @param info the version to read
 * @param shape format and packing, from the manifest's key
 * @throws InputError (MANIFEST_INVALID) when it is empty, packed wrongly, binary or has a bad header;
 *   (MANIFEST_CHANGED) when it is no longer the version of `info`
 */
export async function readLayout(
  objects: Pick<Objects, 'read'>,
  info: Pick<ObjectInfo, 'key' | 'etag' | 'sizeBytes'>,
  shape: Pick<Layout, 'format' | 'gzip'>,
): Promise<Layout> {
  if (info.sizeBytes === 0) throw invalid(info.key, 'the file is empty');
  const end = Math.min(HEAD_BYTES, info.sizeBytes);
  const head = await takeHead(
    shape.gzip ? gunzip(objects, info) : objects.read(info.key, { end, ifMatch: info.etag }),
  );
  if (head.length === 0) throw invalid(info.key, 'the file is empty once unpacked');
  refuseForeign(head, info.key);

  const lines = wholeLines(head);
  const fault = wholeFileFault(lines, shape.format);
  if (fault !== undefined) throw invalid(info.key, fault);
  if (shape.format === 'jsonl') return { ...shape, header: false };
  const columns = lines[0] === undefined ? undefined : parseCsvHeader(lines[0]);
  if (columns) return { ...shape, columns, header: true };
  if (lines[0]?.trim() === '') refuseLateHeader(lines, info.key);
  return { ...shape, columns: DEFAULT_COLUMNS, header: false };
}

/** Without the last one where the head may have cut it. */
function wholeLines(head: Buffer): readonly string[] {
  const text = head.toString('utf8').replace(/^\ufeff/, '');
  const lines = text.split(/\r?\n/);
  if (head.length === HEAD_BYTES) lines.pop();
  return lines.map((line) => line.replace(/\r$/, ''));
}

async function takeHead(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    parts.push(Buffer.from(chunk));
    sizeBytes += chunk.length;
    if (sizeBytes >= HEAD_BYTES) break;
  }
  return Buffer.concat(parts).subarray(0, HEAD_BYTES);
}

function refuseForeign(head: Buffer, key: string): void {
  const start = head.toString('hex', 0, 8);
  const foreign = FOREIGN.find(([magic]) => start.startsWith(magic));
  if (foreign) throw invalid(key, `the file is ${foreign[1]}`);
  let controls = 0;
  for (const byte of head) if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) controls += 1;
  // One stray byte spoils its line only; one in twenty is no text.
  if (controls >= 8 && controls * 20 > head.length) {
    throw invalid(key, 'the file is binary, expected UTF-8 text');
  }
  if (!head.includes(10) && /\r[^\r]/.test(head.toString('latin1'))) {
    throw invalid(key, 'lines end in a carriage return alone, expected a line feed');
  }
}

/** Data under a header that is not seen would be sent with its columns mixed up. */
function refuseLateHeader(lines: readonly string[], key: string): void {
  const index = lines.findIndex((line) => line.trim() !== '');
  if (index > 0 && parseCsvHeader(lines[index] ?? '')) {
    throw invalid(key, `the header is on line ${index + 1}, expected it on line 1`);
  }
}

function invalid(key: string, message: string): InputError {
  return new InputError('MANIFEST_INVALID', `Manifest ${key}: ${message}.`, [
    { path: key, message },
  ]);
}
