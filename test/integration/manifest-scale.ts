/**
 * Measures promise G7: a manifest of many lines is planned and read in flat memory.
 * `npx node test/integration/manifest-scale.ts --lines 10000000 [--gzip]` writes its own file, reads
 * it in a child process, so that only the reading counts, and prints one JSON object.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import type { Shard } from '../../shared/ledger/shard.ts';
import type { Tally } from '../../shared/ledger/tally.ts';
import { proveCoverage } from '../../shared/manifest/coverage.ts';
import { readLayout } from '../../shared/manifest/detect-layout.ts';
import { parseManifestKey } from '../../shared/manifest/key.ts';
import { createShardReader, cutShards } from '../../shared/manifest/shards.ts';
import { unpackShards } from '../../shared/manifest/unpack.ts';
import { createFolderObjects } from '../../shared/stores/folder/objects.ts';
import type { ObjectInfo, Objects } from '../../shared/stores/objects.ts';

export interface Scale {
  readonly lines: number;
  /** Of the file, packed or not. */
  readonly bytes: number;
  readonly shards: number;
  /** Planning and reading. */
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly peakRssMiB: number;
}

/** Whoever holds the lines that are read needs more, of 200,000 already. */
const HEAP_MIB = 48;
const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/scale.csv';

/** Writes a manifest of so many lines in a new folder, reads it in a child process, and tidies up. */
export async function measureScale(lines: number, gzip: boolean): Promise<Scale> {
  const folder = await mkdtemp(join(tmpdir(), 'waybill-scale-'));
  try {
    const key = gzip ? `${KEY}.gz` : KEY;
    const path = join(folder, key);
    await mkdir(dirname(path), { recursive: true });
    const pack = gzip ? [createGzip({ level: 1 })] : [];
    await pipeline([Readable.from(manifest(lines)), ...pack, createWriteStream(path)]);
    const found = (await readInChild(folder, key)) as Omit<Scale, 'bytes'>;
    return { ...found, bytes: (await stat(path)).size };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** About 100 bytes a line; the header is not counted as one. */
function* manifest(lines: number): Generator<string> {
  let piece = 'url,key,md5\n';
  for (let line = 0; line < lines; line += 1) {
    const number = String(line).padStart(8, '0');
    const md5 = number.repeat(4);
    piece += `http://origin.example/media/${number}.mp4,media/${number}.mp4,${md5}\n`;
    if (piece.length < 65_536) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

async function readInChild(folder: string, key: string): Promise<unknown> {
  const flags = [`--max-old-space-size=${HEAP_MIB}`, '--max-semi-space-size=8'];
  const script = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [...flags, script, '--read', folder, '--key', key], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, code] = await Promise.all([
    text(child.stdout),
    new Promise<number | null>((done, failed) => child.on('error', failed).on('close', done)),
  ]);
  if (code !== 0) throw new Error(`The reading process ended with code ${code}.`);
  return JSON.parse(output);
}

/** The child's part. */
async function readWhole(folder: string, key: string): Promise<Omit<Scale, 'bytes'>> {
  const objects = createFolderObjects(folder);
  const info = await objects.head(key);
  if (!info) throw new Error(`There is no ${key}.`);
  const started = performance.now();
  const { shards, sizeBytes } = await plan(objects, info);
  const read = createShardReader({ objects });
  const tallies: Tally[] = [];
  for (const shard of shards) {
    const reading = read(shard);
    let transfers = 0;
    for await (const batch of reading) transfers += batch.length;
    if (transfers !== reading.tally.transfers) throw new Error(`Shard ${shard.id} lost transfers.`);
    tallies.push(reading.tally);
  }
  const seconds = (performance.now() - started) / 1_000;
  const coverage = proveCoverage(sizeBytes, tallies);
  if (!coverage.covered) throw new Error(coverage.fault);
  const lines = tallies.reduce((sum, tally) => sum + tally.transfers, 0);
  return {
    lines,
    shards: tallies.length,
    seconds: Number(seconds.toFixed(3)),
    rowsPerSecond: Math.round(lines / seconds),
    peakRssMiB: peakRssMiB(),
  };
}

async function plan(
  objects: Objects,
  info: ObjectInfo,
): Promise<{ shards: Iterable<Shard>; sizeBytes: number }> {
  const { target, layout: shape } = parseManifestKey(info.key);
  const layout = await readLayout(objects, info, shape);
  if (layout.gzip) {
    const unpacking = unpackShards({ objects, runId: 'scale', source: info, target, layout });
    const shards = await Array.fromAsync(unpacking);
    return { shards, sizeBytes: unpacking.sizeBytes };
  }
  const { key, etag, sizeBytes } = info;
  const object = { key, etag };
  return { shards: cutShards({ runId: 'scale', sizeBytes, target, layout, object }), sizeBytes };
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
      lines: { type: 'string', default: '10000000' },
      gzip: { type: 'boolean', default: false },
      read: { type: 'string' },
      key: { type: 'string', default: KEY },
    },
  });
  const result = values.read
    ? await readWhole(values.read, values.key)
    : await measureScale(Number(values.lines), values.gzip);
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
