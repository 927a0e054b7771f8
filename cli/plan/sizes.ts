/** Sizes of objects for `waybill plan`: a column of the manifest, or a file with keys and sizes. */
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { Layout, PlannedTransfer } from '../../shared/ledger/manifest-lines.ts';
import { splitCsvLine } from '../../shared/lib/csv.ts';
import { isRecord, own } from '../../shared/lib/values.ts';
import type { BlockLook } from '../../shared/manifest/read-whole.ts';
import { CommandFailure, EXIT } from '../io/failure.ts';
import { count } from '../io/text.ts';

/** What is known of the objects that would be carried. */
export interface Sizes {
  /** Sum of the known ones. */
  readonly bytes: number;
  /** How many of the objects have a size. */
  readonly objects: number;
}

interface Sizer {
  readonly look: (layout: Layout) => BlockLook;
  /** Undefined where there are none, and nobody said where they would be. */
  total(): Sizes | undefined;
}

const DEFAULT_COLUMN = 'size';

/** @param given a file that is there, or the name of a column; `size` is looked for without it */
export async function createSizer(given: string | undefined): Promise<Sizer> {
  if (given !== undefined && existsSync(given)) return fromFile(await readSizes(given));
  return fromColumn(given ?? DEFAULT_COLUMN, given !== undefined);
}

function fromFile(sizes: ReadonlyMap<string, number>): Sizer {
  let [bytes, objects] = [0, 0];
  const add = ({ key }: PlannedTransfer) => {
    const size = sizes.get(key);
    if (size === undefined) return;
    bytes += size;
    objects += 1;
  };
  return {
    look: () => (_block, _firstLine, good) => good.forEach(add),
    total: () => ({ bytes, objects }),
  };
}

function fromColumn(column: string, isWanted: boolean): Sizer {
  let [bytes, objects, position] = [0, 0, -1];
  const look = ({ format, header }: Layout): BlockLook => {
    if (format === 'csv' && !header) {
      if (isWanted) throw noColumn(column, 'the manifest has no header line that names columns');
      return () => {};
    }
    return ({ bytes: block, start }, firstLine, good) => {
      const isFirst = start === 0;
      if (format === 'csv' && !isFirst && position === -1) return;
      const lines = block.toString('utf8').split('\n');
      if (format === 'csv' && isFirst) position = columnOf(lines[0] ?? '', column);
      if (format === 'csv' && position === -1) {
        if (isWanted) throw noColumn(column, 'the header of the manifest does not name it');
        return;
      }
      for (const { line } of good) {
        const text = (lines[line - firstLine] ?? '').replace(/^\ufeff|\r$/g, '');
        const size = toSize(format === 'csv' ? splitCsvLine(text) : member(text, column), position);
        if (size === undefined) continue;
        bytes += size;
        objects += 1;
      }
    };
  };
  return { look, total: () => (objects > 0 || isWanted ? { bytes, objects } : undefined) };
}

const noColumn = (name: string, why: string) =>
  new CommandFailure(
    `--sizes: there is no file and no column "${name}": ${why}`,
    'Name a column of the manifest, or a file with key and size',
    EXIT.usage,
  );

function columnOf(header: string, name: string): number {
  const names = splitCsvLine(header.replace(/^\ufeff|\r$/g, ''));
  if ('reason' in names) return -1;
  return names.findIndex((each) => each.trim().toLowerCase() === name.toLowerCase());
}

function member(text: string, name: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? own(parsed, name) : undefined;
  } catch {
    return undefined;
  }
}

/** A whole number of bytes, or its digits; from a list of fields that at `position`. */
function toSize(value: unknown, position = -1): number | undefined {
  const found = Array.isArray(value) ? value[position] : value;
  const text = typeof found === 'number' ? String(found) : found;
  return typeof text === 'string' && /^\d{1,15}$/.test(text.trim()) ? Number(text) : undefined;
}

/** They are held at once: about half a gigabyte. */
const MAX_SIZES = 5_000_000;

/**
 * Reads a CSV file with a header that names `key` and `size`, or JSON Lines with these members; `.gz` too.
 * @throws CommandFailure (usage) when it is neither, or too long
 */
async function readSizes(path: string): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  let columns: { readonly key: number; readonly size: number } | undefined;
  try {
    const raw = createReadStream(path);
    const input = path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
    raw.on('error', (error) => input.destroy(error));
    let number = 0;
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      if (line.trim() === '') continue;
      if (line.startsWith('{')) {
        const [key, size] = [member(line, 'key'), toSize(member(line, 'size'))];
        if (typeof key !== 'string' || size === undefined) throw wrong(path, number);
        sizes.set(key, size);
      } else if (columns === undefined) {
        columns = { key: columnOf(line, 'key'), size: columnOf(line, 'size') };
        if (columns.key === -1 || columns.size === -1) throw wrong(path, number);
      } else {
        const fields = splitCsvLine(line);
        const key = 'reason' in fields ? undefined : fields[columns.key];
        const size = toSize(fields, columns.size);
        if (key === undefined || size === undefined) throw wrong(path, number);
        sizes.set(key, size);
      }
      if (sizes.size > MAX_SIZES) throw tooMany(path);
    }
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    const what = `--sizes: ${path} can't be read: ${(error as Error).message}`;
    throw new CommandFailure(what, 'Check the file and its mode', EXIT.usage, error);
  }
  return sizes;
}

const wrong = (path: string, line: number) => {
  const expected = 'expected CSV with a header "key,size", or {"key": …, "size": …}';
  const todo = 'Correct the line; sizes are in bytes';
  return new CommandFailure(`--sizes: ${path}:${line}: ${expected}`, todo, EXIT.usage);
};

const tooMany = (path: string) => {
  const what = `--sizes: ${path} has more than ${count(MAX_SIZES)} sizes`;
  return new CommandFailure(what, 'Add a column "size" to the manifest instead', EXIT.usage);
};
