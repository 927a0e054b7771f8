/**
 * Measures how fast the receipt of a large run is written and verified, and in how much memory.
 * `npx node test/integration/receipt-scale.ts --transfers 1000000` fills a ledger of SQLite, writes
 * the receipt in one child process, verifies it in another, and prints one JSON object.
 */
import { spawn } from 'node:child_process';
import { createReadStream, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkReceipt } from '../../shared/reporting/receipt/check.ts';
import { receiptKey } from '../../shared/reporting/receipt/format.ts';
import { writeReceipt } from '../../shared/reporting/receipt/write.ts';
import { createFolderObjects } from '../../shared/stores/folder/objects.ts';
import { openSqliteFile } from '../../shared/stores/sqlite/file.ts';
import { createSqliteLedger } from '../../shared/stores/sqlite/ledger.ts';
import { writeLargeRun } from '../fixtures/large-run.ts';

/** One of the two halves. */
export interface Half {
  readonly transfers: number;
  readonly parts: number;
  readonly root: string;
  readonly seconds: number;
  readonly linesPerSecond: number;
  readonly peakRssMiB: number;
}

export interface Scale {
  readonly bytes: number;
  readonly written: Half;
  readonly verified: Half;
}

const RUN = 'scale';
const PER_SHARD = 2_500;
const HEAP_MIB = 96;

/** A ledger in a new folder, its receipt written and verified, and all of it removed. */
export async function measureReceipt(transfers: number, partTransfers: number): Promise<Scale> {
  const folder = await mkdtemp(join(tmpdir(), 'waybill-receipt-'));
  try {
    const shards = Math.ceil(transfers / PER_SHARD);
    await writeLargeRun(folder, { runId: RUN, transfers, shards, isClosed: true });
    const written = await inChild('write', folder, partTransfers);
    const verified = await inChild('verify', folder, partTransfers);
    let bytes = 0;
    for await (const { key, sizeBytes } of objectsIn(folder).list(`reports/${RUN}/`)) {
      if (key.endsWith('.jsonl')) bytes += sizeBytes;
    }
    return { bytes, written, verified };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const objectsIn = (folder: string) => createFolderObjects(join(folder, 'objects'));

async function inChild(half: string, folder: string, partTransfers: number): Promise<Half> {
  const script = fileURLToPath(import.meta.url);
  const child = spawn(
    process.execPath,
    [
      ...[`--max-old-space-size=${HEAP_MIB}`, '--max-semi-space-size=8', script],
      ...['--half', half, '--folder', folder, '--part', String(partTransfers)],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [output, code] = await Promise.all([
    text(child.stdout),
    new Promise<number | null>((done, failed) => child.on('error', failed).on('close', done)),
  ]);
  if (code !== 0) throw new Error(`To ${half} ended with code ${code}.`);
  return JSON.parse(output);
}

type Result = Pick<Half, 'transfers' | 'parts' | 'root'>;

async function write(folder: string, partTransfers: number): Promise<Result> {
  const file = openSqliteFile(join(folder, 'waybill.db'));
  try {
    const ledger = createSqliteLedger(file);
    const run = await ledger.run(RUN);
    if (!run) throw new Error('There is no run.');
    const shards = await ledger.shards(RUN);
    const receipt = await writeReceipt({
      ...{ run, shards, ledger, partTransfers, closing: 'scale' },
      objects: objectsIn(folder),
      now: () => new Date(),
    });
    if (!receipt.done) throw new Error('The receipt was not written to its end.');
    return receipt;
  } finally {
    file.close();
  }
}

async function verify(folder: string): Promise<Result> {
  const parts = await Array.fromAsync(objectsIn(folder).list(`reports/${RUN}/receipt`));
  const files = parts.map((_, at) => {
    const name = receiptKey(RUN, at + 1);
    return { name, bytes: createReadStream(join(folder, 'objects', name)) };
  });
  const checked = await checkReceipt(files, { key: 'no such key' });
  if (!checked.verified) throw new Error(checked.fault.message);
  return checked;
}

/** The child's part. */
async function measure(work: () => Promise<Result>): Promise<Half> {
  const started = performance.now();
  const { transfers, parts, root } = await work();
  const seconds = (performance.now() - started) / 1_000;
  return {
    transfers,
    parts,
    root,
    seconds: Number(seconds.toFixed(2)),
    linesPerSecond: Math.round(transfers / seconds),
    peakRssMiB: peakRssMiB(),
  };
}

/** The most memory this process ever held, as Linux counts it (`VmHWM`). */
function peakRssMiB(): number {
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : '';
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Math.round(Number(kib) / 1_024);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      transfers: { type: 'string', default: '1000000' },
      part: { type: 'string', default: '1000000' },
      half: { type: 'string' },
      folder: { type: 'string', default: '' },
    },
  });
  const { half, folder, transfers } = values;
  const part = Number(values.part);
  const result =
    half === undefined
      ? await measureReceipt(Number(transfers), part)
      : await measure(() => (half === 'write' ? write(folder, part) : verify(folder)));
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
