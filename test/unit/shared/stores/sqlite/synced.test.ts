/**
 * What a power cut must not take is forced to the disk before its promise resolves: runs, messages and
 * write-ahead intents. Told by the level at which SQLite makes the very commit that holds it.
 */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Ledger } from '../../../../../shared/ledger/ledger.ts';
import type { TransferState } from '../../../../../shared/ledger/merge.ts';
import type { TransferUpdate } from '../../../../../shared/ledger/model.ts';
import { NO_TALLY } from '../../../../../shared/ledger/tally.ts';
import { openSqliteFile, type SqliteFile } from '../../../../../shared/stores/sqlite/file.ts';
import { createSqliteLedger } from '../../../../../shared/stores/sqlite/ledger.ts';
import { createSqliteQueue } from '../../../../../shared/stores/sqlite/queue.ts';
import { newRun, newShard } from '../../../../contract/ledger.ts';
import { temporaryFolder } from '../../../../fixtures/stores.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const lease = { owner: 'w', at: AT, leaseMs: 60_000 };
const FULL = 2;
const NORMAL = 1;

let file: SqliteFile;
let ledger: Ledger;
let levels: number[];

const told = (state: TransferState, attempt = 1): TransferUpdate => ({
  state,
  attempt,
  accepted: [],
  at: AT,
  event: 'callback',
});

beforeEach(async () => {
  file = openSqliteFile(`${temporaryFolder()}/waybill.db`);
  onTestFinished(() => file.close());
  ledger = createSqliteLedger(file);
  await ledger.openRun(newRun('r1'));
  await ledger.openShard(newShard('r1'), lease);
  levels = [];
  // Prepared anew each time: its answer is that of the moment it was prepared in.
  const level = () => Number(file.db.prepare('PRAGMA synchronous').get()?.['synchronous']);
  file.onCommit({ before: () => void levels.push(level()), discard: () => {} });
});

describe('G2: is on the disk before anything follows from it:', () => {
  const stop = { state: 'cancelled', at: AT } as const;
  it.each<[string, () => Promise<unknown>]>([
    [
      'the window over lines that are sent next',
      () => ledger.coverShard(newShard('r1'), lease, { through: 256, at: AT }, NO_TALLY),
    ],
    ['the intent to send one line', () => ledger.record('r1.0.1', told('submitting'))],
    ['the order to send one line again', () => ledger.record('r1.0.1', told('planned', 2))],
    ['a run', () => ledger.openRun(newRun('r2'))],
    ['its plan', () => ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 })],
    ['its end', () => ledger.stopRun('r1', stop)],
    ['its close', () => ledger.closeRun('r1', AT)],
    ['going on with it', () => ledger.reopenRun('r1', 'active')],
    ['who took over its failures', () => ledger.handOver('r1', 'n1')],
    [
      'the use of an Idempotency-Key',
      () => ledger.claim('k', { runId: 'r', requestHash: 'h' }, AT),
    ],
    ['a lease by name', () => ledger.takeLease('nightly', lease)],
    ['a night that was used', () => ledger.countNight('task 1', 'n1')],
    ['a message', () => createSqliteQueue(file, { name: 'q' }).send(['one'])],
  ])('%s', async (_name, write) => {
    await write();
    expect(levels).toEqual([FULL]);
  });
});

it('forces nothing to the disk for an outcome, which can be asked for again', async () => {
  await ledger.record('r1.0.1', told('succeeded'));
  expect(levels).toEqual([NORMAL]);
});

it('forces a commit to the disk when any of its writes must be there, whatever comes after', async () => {
  await Promise.all([
    ledger.record('r1.0.1', told('succeeded')),
    ledger.record('r1.0.2', told('submitting')),
    ledger.record('r1.0.3', told('succeeded')),
  ]);
  await ledger.record('r1.0.4', told('succeeded'));
  expect(levels).toEqual([FULL, NORMAL]);
});
