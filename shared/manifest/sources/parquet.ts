/** Reads the rows of a Parquet file as texts, one row group at a time, the needed columns alone. */
import { type AsyncBuffer, parquetMetadataAsync, parquetScan, parquetSchema } from 'hyparquet';
import { WaybillError } from '../../lib/errors.ts';
import { seconds } from './fields.ts';
import { type ListFiles, listError, sizeOfExisting } from './files.ts';

interface ParquetFile {
  /** The names of the columns that are read. */
  readonly columns: readonly string[];
  /** Blocks of rows, their cells in the order of `columns`; null is an empty text. */
  readonly blocks: AsyncIterable<readonly (readonly string[])[]>;
}

interface ParquetOptions {
  readonly files: ListFiles;
  readonly name: string;
  readonly isWanted: (column: string) => boolean;
  /** Larger row groups are refused: one is held at a time, in about ten times its size. */
  readonly maxRowGroupBytes: number;
}

const BLOCK_ROWS = 1_000;

type Metadata = Awaited<ReturnType<typeof parquetMetadataAsync>>;

/** Texts, as CSV files have them: a size beyond 2^53 stays exact. */
const PARSERS = {
  timestampFromMilliseconds: (at: bigint) => instant(at, 3),
  timestampFromMicroseconds: (at: bigint) => instant(at, 6),
  timestampFromNanoseconds: (at: bigint) => instant(at, 9),
};

/** @throws InputError (LIST_DAMAGED, LIST_UNKNOWN_FORMAT) */
export async function openParquet(options: ParquetOptions): Promise<ParquetFile> {
  const { files, name, isWanted, maxRowGroupBytes } = options;
  const file = asyncBuffer(files, name, await sizeOfExisting(files, name));
  const [metadata, found, columns] = await parsed(name, async () => {
    const read = await parquetMetadataAsync(file);
    const names = parquetSchema(read).children.map(({ element }) => element.name);
    const wanted = names.filter(isWanted);
    refuseLarge(read, wanted, maxRowGroupBytes, name);
    return [read, names, wanted];
  });

  async function* blocks() {
    const scan = await parsed(name, () =>
      parquetScan({ file, metadata, columns: [...columns], parsers: PARSERS }),
    );
    for (const { rowStart, rowEnd } of scan.ranges) {
      if (rowStart === rowEnd) continue;
      const data = await parsed(name, () =>
        Promise.all(columns.map((column) => scan.readColumn({ column, rowStart, rowEnd }))),
      );
      if (data.some((cells) => cells.length !== rowEnd - rowStart)) {
        const what = `the Parquet data is damaged: rows ${rowStart} to ${rowEnd} are not all there. Fetch it again.`;
        throw listError('LIST_DAMAGED', name, what);
      }
      for (let at = 0; at < rowEnd - rowStart; at += BLOCK_ROWS) {
        const count = Math.min(BLOCK_ROWS, rowEnd - rowStart - at);
        yield Array.from({ length: count }, (_, row) => data.map((cells) => text(cells[at + row])));
      }
    }
  }
  // Without a wanted column the caller refuses the file; the columns it has are what a person needs.
  return { columns: columns.length === 0 ? found : columns, blocks: blocks() };
}

function asyncBuffer(files: ListFiles, name: string, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    slice: handled(async (start, end = byteLength) => {
      const parts: Uint8Array[] = [];
      for await (const part of files.read(name, { start, end })) parts.push(Buffer.from(part));
      const bytes = new Uint8Array(Buffer.concat(parts));
      if (bytes.length !== end - start) {
        throw listError('LIST_DAMAGED', name, `the file ends before byte ${end}. Fetch it again.`);
      }
      return bytes.buffer;
    }),
  };
}

/** The library starts readings that it doesn't look at once another one has failed. */
const handled =
  (read: (start: number, end?: number) => Promise<ArrayBuffer>): AsyncBuffer['slice'] =>
  (start, end) => {
    const bytes = read(start, end);
    bytes.catch(() => {});
    return bytes;
  };

function refuseLarge(
  { row_groups: groups }: Metadata,
  columns: readonly string[],
  limit: number,
  name: string,
): void {
  for (const [at, group] of groups.entries()) {
    const sizes = group.columns.map(({ meta_data: column }) =>
      column && columns.includes(column.path_in_schema[0] ?? '')
        ? Number(column.total_uncompressed_size)
        : 0,
    );
    const size = sizes.reduce((sum, each) => sum + each, 0);
    if (size <= limit) continue;
    const what = `row group ${at + 1} holds ${size} bytes, at most ${limit} fit into memory. Set the inventory to CSV.`;
    throw listError('LIST_UNKNOWN_FORMAT', name, what);
  }
}

/** The library's errors are of the file, unless they are ours. */
async function parsed<Result>(name: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof WaybillError) throw error;
    const what = error instanceof Error ? error.message : String(error);
    if (/unsupported/.test(what)) {
      throw listError('LIST_UNKNOWN_FORMAT', name, `${what}. Set the inventory to CSV.`);
    }
    throw listError('LIST_DAMAGED', name, `the Parquet data is damaged: ${what}. Fetch it again.`);
  }
}

/** @param digits of the fraction */
function instant(at: bigint, digits: number): string | undefined {
  const unit = 10n ** BigInt(digits);
  const fraction = ((at % unit) + unit) % unit;
  const whole = seconds(Number((at - fraction) / unit) * 1_000);
  return whole?.replace('Z', `.${String(fraction).padStart(digits, '0')}Z`);
}

const text = (cell: unknown): string => (cell === null || cell === undefined ? '' : String(cell));
