/** A run of one shard of four lines, for tests that steer it. */
import { expect } from 'vitest';
import {
  createHandler as createSweep,
  type Deps as SweepDeps,
} from '../../../../functions/sweep.ts';
import type { TransferUpdate } from '../../../../shared/ledger/model.ts';
import type { Shard } from '../../../../shared/ledger/shard.ts';
import type { Tally } from '../../../../shared/ledger/tally.ts';
import { sha256Hex } from '../../../../shared/lib/encoding.ts';
import type { Quarantined } from '../../../../shared/manifest/findings.ts';
import { createPlanner } from '../../../../shared/runs/plan.ts';
import { silentLog } from '../../../fixtures/log.ts';
import { openStores, type Stores } from '../../../fixtures/stores.ts';

export const START = Date.parse('2026-11-20T02:00:00Z');
export const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';
const LINES = ['a', 'b', 'c', 'd'];
export const MANIFEST = `url,key,md5\n${LINES.map((name) => `http://o.example/${name},${name},\n`).join('')}`;
export const cause = (code: string, kind: 'source' | 'request' | 'transient') =>
  ({ provider: 'tencent', code, message: 'no', class: kind }) as const;
export const REJECTED: Quarantined = {
  line: 5,
  byteOffset: 90,
  reason: 'URL_HTTPS',
  message: 'Source is https',
  text: 'https://o.example/e,e,',
} as Quarantined;

/** A planned run whose four lines were read; what became of them is up to the test. */
export async function setup(
  manifest: string | Uint8Array = MANIFEST,
  key = KEY,
  change: (now: () => Date) => Promise<Partial<Stores>> = async () => ({}),
) {
  const clock = { at: START };
  const now = () => new Date(clock.at);
  const stores = { ...openStores(), ...(await change(now)) };
  const { ledger, objects, queue } = stores;
  const planner = createPlanner({ ...stores, shardBytes: 65_536, log: silentLog, now });
  const options = { ledger, objects, queue, planner, now, log: silentLog };
  const sweepWith = (change: Partial<SweepDeps> = {}) =>
    createSweep({
      ...options,
      pollers: {},
      lostAfterMs: 900_000,
      maxAttempts: 1,
      replan: { planner },
      settleMs: 60_000,
      wait: async () => {},
      ...change,
    });
  const sweep = sweepWith();
  await objects.put(key, manifest);
  const { runId } = await planner.plan(await planner.find(key), 'upload');
  const received = async (): Promise<readonly Shard[]> => {
    const messages = await queue.receive(10, 60_000);
    for (const message of messages) await queue.remove(message);
    return messages.map(({ body }) => JSON.parse(body) as Shard);
  };
  const [shard] = await received();
  if (!shard) throw new Error('There is no shard.');
  const lease = { owner: 'w', at: now(), leaseMs: 60_000 };
  const tally: Tally = {
    first: 0,
    last: Buffer.byteLength(MANIFEST),
    lines: 5,
    header: 1,
    blank: 0,
    quarantined: 0,
    transfers: 4,
    warnings: {},
  };
  /** Tells what became of line `line`. */
  const record = (line: number, change: Partial<TransferUpdate>) =>
    ledger.record(`${runId}.0.${line}`, {
      state: 'succeeded',
      attempt: 1,
      accepted: [],
      at: now(),
      event: 'callback',
      object: { url: `http://o.example/${LINES[line - 1]}`, key: LINES[line - 1] ?? '' },
      ...change,
    });
  const read = async (change: Partial<Tally> = {}) => {
    await ledger.openShard(shard, lease);
    await ledger.endShard(shard, lease, { ...tally, ...change });
  };
  const state = async () => (await ledger.run(runId))?.state;
  const rows = async () => (await ledger.transfers(runId)).items;
  return {
    ...options,
    clock,
    record,
    read,
    received,
    rows,
    runId,
    shard,
    state,
    sweep,
    sweepWith,
    lease,
    tally,
  };
}

/** Closed with one success and three failures. */
export async function closed(change?: Parameters<typeof setup>[2]) {
  const given = await setup(undefined, undefined, change);
  await given.read();
  await given.record(1, {});
  await given.record(2, { state: 'failed', cause: cause('NotFound', 'source') });
  await given.record(3, { state: 'failed', cause: cause('InvalidArgument', 'request') });
  await given.record(4, { state: 'failed', cause: cause('NotFound', 'source') });
  await given.sweep();
  expect(await given.state()).toBe('completed');
  given.clock.at += 60_000;
  return given;
}

export async function textOf(
  objects: { read(key: string): AsyncIterable<Uint8Array> },
  key: string,
): Promise<string> {
  const parts = await Array.fromAsync(objects.read(key));
  return Buffer.concat(parts).toString('utf8');
}

/** The reports that the summary lists; their checksums are those of the stored bytes. */
export async function checkedReports(
  objects: Parameters<typeof textOf>[0],
  runId: string,
): Promise<readonly string[]> {
  const { reports } = JSON.parse(await textOf(objects, `reports/${runId}/summary.json`));
  const names = reports.map(({ name }: { name: string }) => name);
  for (const [at, name] of names.entries()) {
    const text = await textOf(objects, `reports/${runId}/${name}`);
    expect(reports[at]).toEqual({
      name,
      sizeBytes: Buffer.byteLength(text),
      sha256: sha256Hex(text),
    });
  }
  return names;
}
