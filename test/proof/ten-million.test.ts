/**
 * Ten million objects in one run of the embedded service: all but 200,000 are written through the ledger's
 * port, the rest is sent while the API is asked, and the run closes with its reports.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { TransferUpdate } from '../../shared/ledger/model.ts';
import type { Shard } from '../../shared/ledger/shard.ts';
import { cutManifest } from '../../shared/runs/cut-shards.ts';
import { feedFirst, keepShardList } from '../../shared/runs/feed.ts';
import { createPlanner } from '../../shared/runs/plan.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { TARGET } from '../fixtures/live.ts';
import { silentLog as log } from '../fixtures/log.ts';
import { startMeasured } from '../fixtures/measured-service.ts';
import { openStores, temporaryFolder } from '../fixtures/stores.ts';

const OBJECTS = 10_000_000;
const LIVE = 200_000;
const SHARD_BYTES = 262_144;
/** Of every thousand one failed. */
const FAILS = 1_000;
const KEY = `cos-fetch/${TARGET.region}/${TARGET.bucket}/ten-million.csv`;

const lineOf = (url: string, number: number): string =>
  `${url},archive/${String(number).padStart(8, '0')},\n`;

async function* manifestOf(url: string): AsyncGenerator<string> {
  for (let from = 0; from < OBJECTS; from += 10_000) {
    yield Array.from({ length: 10_000 }, (_, at) => lineOf(url, from + at)).join('');
  }
}

const NOT_FOUND = {
  provider: 'tencent',
  code: 'NotFound',
  message: 'gone',
  class: 'source',
} as const;

/** As workers and callbacks would have written it. */
async function writeShard(ledger: Ledger, shard: Shard, lineBytes: number): Promise<number> {
  const { runId, index, start, end } = shard;
  const [first, after] = [Math.ceil(start / lineBytes), Math.ceil(end / lineBytes)];
  const lines = after - first;
  const at = new Date();
  const lease = { owner: 'proof', at, leaseMs: 60_000 };
  const none = { header: 0, blank: 0, quarantined: 0, warnings: {} };
  const tally = {
    first: first * lineBytes,
    last: after * lineBytes,
    lines,
    transfers: lines,
    ...none,
  };
  await ledger.openShard(shard, lease);
  await ledger.coverShard(shard, lease, { through: lines, at }, tally, { settledBelow: 0 });
  for (let from = 0; from < lines; from += 256) {
    const block = Array.from({ length: Math.min(256, lines - from) }, (_, line) => from + line);
    const id = (line: number) => String(first + line).padStart(24, '0');
    await Promise.all([
      ledger.accept(
        shard,
        block.map((line) => ({ line, id: id(line), at })),
      ),
      ...block.map((line) => ledger.record(`${runId}.${index}.${line}`, outcome(first + line, at))),
    ]);
  }
  await ledger.endShard(shard, lease, tally);
  return lines;
}

function outcome(number: number, at: Date): TransferUpdate {
  const told = { attempt: 1, accepted: [], at, event: 'callback' } as const;
  return number % FAILS === 7
    ? { ...told, state: 'failed', cause: NOT_FOUND }
    : { ...told, state: 'succeeded' };
}

interface Written {
  readonly runId: string;
  readonly done: number;
  /** A cursor of its transfers. */
  readonly middle: string;
}

async function writeRun(folder: string, url: string): Promise<Written> {
  const { ledger, objects, queue } = openStores(folder);
  const info = await objects.put(KEY, manifestOf(url));
  const none = { send: async () => {} };
  const planner = createPlanner({ ledger, objects, queue: none, shardBytes: SHARD_BYTES, log });
  const { runId } = await planner.plan(planner.identify(info), 'upload');
  const [shards] = await cutManifest(runId, info, { shardBytes: SHARD_BYTES }, objects);
  const lineBytes = lineOf(url, 0).length;
  const isDone = ({ end }: Shard): boolean => end <= (OBJECTS - LIVE) * lineBytes;
  let done = 0;
  for (const shard of shards) if (isDone(shard)) done += await writeShard(ledger, shard, lineBytes);
  const list = await keepShardList(runId, shards, { objects });
  const first = shards.findIndex((shard) => !isDone(shard));
  await feedFirst(list, shards, (at) => at < first, { queue, now: () => new Date() });
  return { runId, done, middle: `${shards.length >> 1}.100` };
}

interface RunAnswer {
  readonly state: string;
  readonly counts: { readonly succeeded: number; readonly failed: number };
}

it('carries ten million objects in 256 MiB, and answers while it does', {
  timeout: 3_600_000,
}, async () => {
  const folder = temporaryFolder();
  const site = await startSourceSite();
  const [{ url } = { url: '' }] = site.files;
  const { runId, done, middle } = await writeRun(folder, url);
  process.stdout.write(`${done} objects written\n`);
  const service = await startMeasured(folder);
  const pages = {
    run: `/runs/${runId}`,
    runs: '/runs?limit=50',
    first: `/runs/${runId}/transfers?limit=100`,
    middle: `/runs/${runId}/transfers?limit=100&cursor=${middle}`,
    failed: `/runs/${runId}/transfers?limit=100&state=failed`,
  };
  const times: Record<string, number[]> = {};
  const ask = async (name: keyof typeof pages): Promise<RunAnswer> => {
    const from = performance.now();
    const answer = await service.call(pages[name]);
    const body = (await answer.json()) as RunAnswer;
    times[name] = [...(times[name] ?? []), performance.now() - from];
    expect(answer.status).toBe(200);
    return body;
  };
  let allFinalAt = Number.POSITIVE_INFINITY;
  let run = await ask('run');
  while (run.state === 'active') {
    for (const name of ['runs', 'first', 'middle', 'failed'] as const) await ask(name);
    await sleep(500);
    run = await ask('run');
    const { succeeded, failed } = run.counts;
    if (succeeded + failed === OBJECTS) allFinalAt = Math.min(allFinalAt, Date.now());
  }
  const measured = {
    peakMiB: service.peakMiB(),
    databaseBytes: statSync(join(folder, 'waybill.db')).size,
    closingSeconds: (Date.now() - allFinalAt) / 1_000,
    milliseconds: Object.fromEntries(
      Object.entries(times).map(([name, all]) => {
        const sorted = all.toSorted((a, b) => a - b);
        return [name, { median: sorted[sorted.length >> 1] ?? 0, slowest: sorted.at(-1) ?? 0 }];
      }),
    ),
  };
  process.stdout.write(`${JSON.stringify(measured, null, 2)}\n`);
  expect(run).toMatchObject({
    state: 'completed',
    counts: { lines: OBJECTS, submitted: 0, planned: 0 },
  });
  expect(measured.peakMiB).toBeLessThan(256);
  expect(measured.databaseBytes).toBeLessThan(1e9);
  expect(measured.closingSeconds).toBeLessThan(60);
  for (const { median } of Object.values(measured.milliseconds)) expect(median).toBeLessThan(100);
});
