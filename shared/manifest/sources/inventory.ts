/**
 * Reads inventories of S3, OSS, COS, OBS, Google Cloud Storage and Azure, and proves that it read the
 * whole: every file that the manifest names, unchanged, and as many rows as its control total.
 */
import { splitCsvLine } from '../../lib/csv.ts';
import { shorten } from '../../lib/values.ts';
import { type ListFiles, listError, unpacked } from './files.ts';
import { type FoundFile, findFiles, withProof } from './inventory-files.ts';
import type { Inventory } from './inventory-manifest.ts';
import { createRowReader, isKnownColumn, type RowReader } from './inventory-rows.ts';
import { readLines } from './list-lines.ts';
import type { Entry, SourceList } from './object.ts';

export interface InventoryOptions {
  readonly files: ListFiles;
  /** Of the manifest. */
  readonly name: string;
  /** Of a Parquet file, the needed columns unpacked. @default 10 MiB, which a process of 256 MiB holds */
  readonly maxRowGroupBytes?: number;
}

const DEFAULT_ROW_GROUP_BYTES = 10_485_760;

const CLOUDS = { s3: 'S3', oss: 'OSS', cos: 'COS', obs: 'OBS', gs: 'Google', azure: 'Azure' };

/** @throws InputError (LIST_INCOMPLETE, LIST_DAMAGED, LIST_UNKNOWN_FORMAT) here and while it is read */
export async function openInventory(
  inventory: Inventory,
  options: InventoryOptions,
): Promise<SourceList> {
  const { kind, source, format } = inventory;
  const found = await findFiles(options.files, options.name, inventory.files);
  const [first] = found;
  const columns = first ? (await openFile(inventory, first, options)).reader.columns : [];
  return {
    format: `${kind ? `${CLOUDS[kind]} ` : ''}inventory, ${format}`,
    ...(source !== undefined && { source }),
    hasUrls: false,
    columns,
    blocks: readAll(inventory, found, options),
  };
}

async function* readAll(
  inventory: Inventory,
  found: readonly FoundFile[],
  options: InventoryOptions,
): AsyncGenerator<readonly Entry[]> {
  let rows = 0;
  for (const file of found) {
    const { blocks } = await openFile(inventory, file, options);
    const before = rows;
    for await (const block of blocks) {
      rows += block.length;
      yield block;
    }
    expectRows(file.path, rows - before, file.rows);
  }
  expectRows(options.name, rows, inventory.rows);
}

function expectRows(name: string, rows: number, expected: number | undefined): void {
  if (expected === undefined || rows === expected) return;
  const what = `${rows} rows were read, but the manifest says ${expected}. Fetch the inventory again, or wait for the next one.`;
  throw listError('LIST_INCOMPLETE', name, what);
}

interface OpenFile {
  readonly reader: RowReader;
  readonly blocks: AsyncIterable<readonly Entry[]>;
}

const openFile = (inventory: Inventory, file: FoundFile, options: InventoryOptions) =>
  inventory.format === 'CSV'
    ? openCsvFile(inventory, file, options)
    : openParquetFile(inventory, file, options);

async function openParquetFile(
  { kind }: Inventory,
  file: FoundFile,
  { files, maxRowGroupBytes = DEFAULT_ROW_GROUP_BYTES }: InventoryOptions,
): Promise<OpenFile> {
  const name = file.path;
  // Most lists need no Parquet, and its library takes time to load.
  const { openParquet } = await import('./parquet.ts');
  const parquet = await openParquet({ files, name, isWanted: isKnownColumn, maxRowGroupBytes });
  const reader = createRowReader({ columns: parquet.columns, kind, isEncoded: false, name });
  async function* blocks() {
    // Parts of the file are read in no order, so its MD5 takes a reading of its own.
    for await (const _ of withProof(files, file, (read) => read(name)));
    for await (const rows of parquet.blocks) yield rows.map(reader.read);
  }
  return { reader, blocks: blocks() };
}

async function openCsvFile(
  inventory: Inventory,
  file: FoundFile,
  { files }: InventoryOptions,
): Promise<OpenFile> {
  const { kind, delimiter = ',' } = inventory;
  const name = file.path;
  const hasHeader = inventory.columns === undefined;
  const columns = inventory.columns ?? (await readHeader(files, name, delimiter));
  const isEncoded = kind !== 'gs' && kind !== 'azure';
  const reader = createRowReader({ columns, kind, isEncoded, name });

  const toEntry = (line: unknown, number: number): Entry => {
    const cells = typeof line === 'string' ? splitRow(line, delimiter) : undefined;
    if (cells?.length === columns.length) return reader.read(cells);
    const what = `line ${number} has ${cells?.length ?? 'no readable'} fields, expected ${columns.length}: ${shorten(columns.join(', '))}. Fetch the file again.`;
    throw listError('LIST_DAMAGED', name, what);
  };

  async function* blocks() {
    const lines = withProof(files, file, (read) => readLines(unpacked(files, name, read)));
    for await (const { first, lines: texts } of lines) {
      const entries: Entry[] = [];
      for (const [at, line] of texts.entries()) {
        const number = first + at;
        if (line === '' || (hasHeader && number === 1)) continue;
        entries.push(toEntry(line, number));
      }
      yield entries;
    }
  }
  return { reader, blocks: blocks() };
}

/** Google writes a header on request, Azure always. */
async function readHeader(files: ListFiles, name: string, delimiter: string) {
  for await (const { lines } of readLines(unpacked(files, name))) {
    const [line = ''] = lines;
    const columns = typeof line === 'string' ? splitRow(line, delimiter) : undefined;
    const known = columns?.filter(isKnownColumn) ?? [];
    if (columns && known.length >= 2) return columns;
    const what = `the first line names no columns; found ${String(typeof line === 'string' ? line : '').slice(0, 200)}. Make the inventory with a header line.`;
    throw listError('LIST_UNKNOWN_FORMAT', name, what);
  }
  return ['name'];
}

/** Undefined for what is no row. Most files quote all of their fields or none. */
function splitRow(line: string, delimiter: string): readonly string[] | undefined {
  if (!line.includes('"')) return line.split(delimiter);
  if (line.startsWith('"') && line.endsWith('"') && line.length > 1) {
    const cells = line.slice(1, -1).split(`"${delimiter}"`);
    if (!cells.some((cell) => cell.includes('"'))) return cells;
  }
  const fields = splitCsvLine(line, delimiter);
  return 'reason' in fields ? undefined : fields;
}
