/**
 * Measures an audit of many keys: time, memory and disk. `npx node test/integration/audit-scale.ts --keys 10000000
 * [--shuffled]` writes a manifest, audits it in a child process against a target that answers from
 * arithmetic, and prints one JSON object. Of each million keys a hundred are missing, truncated, or extra.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createAudits } from '../../shared/audit/audit-arrival.ts';
import { openAudit } from '../../shared/audit/open.ts';
import { readAudit } from '../../shared/audit/state.ts';
import { createLog } from '../../shared/lib/log.ts';
import { listPages } from '../../shared/lib/s3/list.ts';
import { createSources } from '../../shared/manifest/sources/sources.ts';
import type { TargetBucket } from '../../shared/providers/target.ts';
import { createFolderObjects } from '../../shared/stores/folder/objects.ts';
import type { Objects } from '../../shared/stores/objects.ts';
import { openSqliteFile } from '../../shared/stores/sqlite/file.ts';
import { createSqliteLedger } from '../../shared/stores/sqlite/ledger.ts';

export interface AuditScale {
  readonly keys: number;
  readonly seconds: number;
  readonly peakRssMiB: number;
  /** Most that the sorted chunks and parts of reports took at a time. */
  readonly diskMiB: number;
  readonly lists: number;
  readonly verdicts: Readonly<Record<string, number>>;
}

const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/scale.csv';
const EVERY = 10_000;

/** Now and then with a character that makes all text around it twice as long in memory. */
const nameOf = (n: number): string =>
  `media/2026/${String(n).padStart(9, '0')}-photo${n % 9 === 0 ? '😀' : ''}.jpg`;
const etagOf = (n: number): string => String(n).padStart(32, 'e');
const sizeOf = (n: number): number => 1_000_000 + (n % 1_000);

/** A step without a divisor of its own in the count goes through all of them, in no order. */
const STEP = 7_368_787;

function* manifest(keys: number, isShuffled: boolean): Generator<string> {
  let piece = 'url,key,size,etag\n';
  for (let at = 0; at < keys; at += 1) {
    const n = isShuffled ? Number((BigInt(at) * BigInt(STEP)) % BigInt(keys)) : at;
    piece += `s3://media/${nameOf(n)},${nameOf(n)},${sizeOf(n)},${etagOf(n)}\n`;
    if (piece.length < 65_536) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

/** Lists all keys but each that is missing, with some that nobody listed. */
function targetOf(keys: number, onRequest: (kind: 'list') => void): TargetBucket {
  const page = (marker: string): string => {
    let n = marker === '' ? 0 : Number(/\d{9}/.exec(marker)?.[0]) + 1;
    const rows: string[] = [];
    for (; n < keys && rows.length < 1_000; n += 1) {
      if (n % EVERY === 1) continue;
      const key = n % EVERY === 3 ? nameOf(n).replace('-photo', '-extra') : nameOf(n);
      const size = n % EVERY === 2 ? sizeOf(n) - 1 : sizeOf(n);
      rows.push(
        `<Contents><Key>${key}</Key><LastModified>2026-11-20T08:00:00.000Z</LastModified><ETag>&quot;${etagOf(n)}&quot;</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
      );
    }
    return `<?xml version="1.0"?><ListBucketResult><Marker></Marker><IsTruncated>${n < keys}</IsTruncated>${rows.join('')}</ListBucketResult>`;
  };
  const ask = async ({ query = [] }: { query?: readonly (readonly [string, string])[] }) => {
    onRequest('list');
    return { text: page(new Map(query).get('marker') ?? '') };
  };
  return {
    pages: (prefix, from) => listPages({ name: 'b', ask }, { prefix, version: 1 }, from),
    head: async () => undefined,
  };
}

/** Writes a manifest in a new folder, audits it in a child process, and tidies up. */
export async function measureAudit(
  keys: number,
  isShuffled: boolean,
  heapMiB = 96,
): Promise<AuditScale> {
  const folder = await mkdtemp(join(tmpdir(), 'waybill-audit-'));
  try {
    const path = join(folder, 'objects', KEY);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(Readable.from(manifest(keys, isShuffled)), createWriteStream(path));
    const script = fileURLToPath(import.meta.url);
    const flags = [`--max-old-space-size=${heapMiB}`, '--max-semi-space-size=8'];
    const args = [...flags, script, '--audit', folder, '--keys', String(keys)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output, code] = await Promise.all([
      text(child.stdout),
      new Promise<number | null>((done, failed) => child.on('error', failed).on('close', done)),
    ]);
    if (code !== 0) throw new Error(`The audit ended with code ${code}.`);
    return JSON.parse(output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Counts what is stored at a time, besides the manifest. */
function counted(objects: Objects) {
  const sizes = new Map<string, number>();
  let most = 0;
  const put: Objects['put'] = async (key, content) => {
    const info = await objects.put(key, content);
    sizes.set(key, info.sizeBytes);
    most = Math.max(
      most,
      [...sizes.values()].reduce((sum, size) => sum + size, 0),
    );
    return info;
  };
  return { objects: { ...objects, put }, mostMiB: () => Math.round(most / 1_048_576) };
}

/** The child's part. */
async function audit(folder: string, keys: number): Promise<AuditScale> {
  const file = openSqliteFile(join(folder, 'waybill.db'), 0);
  const ledger = createSqliteLedger(file);
  const { objects, mostMiB } = counted(createFolderObjects(join(folder, 'objects')));
  const log = createLog({ level: 'silent' });
  const now = () => new Date();
  const sets = { get: async () => Promise.reject(new Error('there are none')) };
  const audits = createAudits({
    ...{ ledger, objects, log, now },
    sources: createSources({ configs: () => [], sets }),
    openTarget: async (_target, onRequest) => targetOf(keys, onRequest),
  });
  const order = {
    of: { kind: 'manifest', key: KEY },
    target: { kind: 'cos', region: 'ap-shanghai', bucket: 'examplebucket-1250000000' },
    prefix: 'media/',
    level: 'list',
  } as const;
  await openAudit({ runId: 'a1', trigger: 'http' }, order, { ledger, log, now });
  const started = performance.now();
  await audits.work('a1', new Date('2100-01-01'));
  const seconds = Number(((performance.now() - started) / 1_000).toFixed(1));
  const state = (await readAudit(ledger, 'a1'))?.state;
  await file.close();
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : '';
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return {
    keys,
    seconds,
    peakRssMiB: Math.round(Number(kib) / 1_024),
    diskMiB: mostMiB(),
    lists: state?.requests.targetLists ?? 0,
    verdicts: state?.verdicts ?? {},
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      keys: { type: 'string', default: '10000000' },
      shuffled: { type: 'boolean', default: false },
      audit: { type: 'string' },
    },
  });
  const keys = Number(values.keys);
  const result = values.audit
    ? await audit(values.audit, keys)
    : await measureAudit(keys, values.shuffled);
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
