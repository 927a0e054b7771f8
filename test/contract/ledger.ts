/** What every ledger adapter must do, the same assertions for each. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { IntentWindow, Ledger } from '../../shared/ledger/ledger.ts';
import type { TransferState } from '../../shared/ledger/merge.ts';
import type {
  NewRun,
  TransferObject,
  TransferTask,
  TransferUpdate,
} from '../../shared/ledger/model.ts';
import type { Shard } from '../../shared/ledger/shard.ts';
import { NO_TALLY, type Tally } from '../../shared/ledger/tally.ts';
import type { Cause } from '../../shared/lib/errors.ts';
import { auditLogContract } from './audit-log.ts';
import { migrationsContract } from './migrations.ts';

const AT = new Date('2026-11-20T02:00:00.000Z');
const later = (ms: number) => new Date(AT.getTime() + ms);
const object: TransferObject = {
  url: 'http://origin.example/a%20b',
  key: 'a b',
  md5: 'f'.repeat(32),
  size: '9007199254740993',
  etag: '0x8D',
  modified: '2026-11-20T02:00:00.123456Z',
  onKeyExist: 'ignore',
};
const cause: Cause = { provider: 'tencent', code: 'Forbidden', message: 'no', class: 'source' };

export const newRun = (runId: string, change: Partial<NewRun> = {}): NewRun => ({
  runId,
  trigger: 'upload',
  operation: 'cos-offline-fetch',
  source: { bucket: 'b', key: 'cos-fetch/r/b-1/m.csv', etag: 'e1' },
  target: { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' },
  createdAt: AT,
  ...change,
});

export const newShard = (runId: string, index = 0): Shard => ({
  id: `${runId}.${index}`,
  runId,
  index,
  start: index * 100,
  end: (index + 1) * 100,
  target: { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' },
  layout: { format: 'csv', gzip: false, header: true, columns: { url: 0, key: 1, md5: 2 } },
  object: { key: 'cos-fetch/r/b-1/m.csv', etag: 'e1', offset: 0 },
});

const tally = (change: Partial<Tally> = {}): Tally => ({
  first: 0,
  last: 100,
  lines: 4,
  header: 1,
  blank: 1,
  quarantined: 0,
  transfers: 2,
  warnings: { URL_NO_SCHEME: 1 },
  ...change,
});

const report = (
  state: TransferState,
  attempt: number,
  change: Partial<TransferUpdate> = {},
): TransferUpdate => ({
  state,
  attempt,
  accepted: [],
  at: AT,
  event: 'poll',
  ...change,
});

export function ledgerContract(name: string, open: () => Promise<Ledger>): void {
  describe(`ledger contract: ${name}`, () => {
    let ledger: Ledger;
    const lease = { owner: 'worker-1', at: AT, leaseMs: 60_000 };

    beforeEach(async () => {
      ledger = await open();
    });

    migrationsContract(open);
    auditLogContract(open);

    describe('runs', () => {
      it('G2: opens a run once and answers the first one afterwards', async () => {
        const first = await ledger.openRun(newRun('r1'));
        const again = await ledger.openRun(newRun('r1', { createdAt: later(5), trigger: 'http' }));

        expect(first).toMatchObject({ ...newRun('r1'), state: 'planning', readBytes: 0 });
        expect(again).toEqual(first);
      });

      it('keeps what a run of tasks starts', async () => {
        const task = { taskId: '4042', name: 'photos of 北京' };
        await ledger.openRun(newRun('r1', { task }));
        expect(await ledger.run('r1')).toMatchObject({ task });
        expect((await ledger.runs({})).items).toMatchObject([{ task }]);
      });

      it('goes from planning to active to completed, and nowhere else from there', async () => {
        await ledger.openRun(newRun('r1'));
        expect(await ledger.closeRun('r1', AT)).toBe(false);
        await ledger.activateRun('r1', { shardCount: 2, sizeBytes: 200 });
        await ledger.activateRun('r1', { shardCount: 9, sizeBytes: 900 });
        expect(await ledger.run('r1')).toMatchObject({
          state: 'active',
          plan: { shardCount: 2, sizeBytes: 200 },
        });
        expect(await ledger.closeRun('r1', later(9))).toBe(true);
        expect(await ledger.closeRun('r1', later(99))).toBe(false);
        expect(await ledger.stopRun('r1', { state: 'failed', at: AT })).toBe(false);
        expect(await ledger.run('r1')).toMatchObject({ state: 'completed', closedAt: later(9) });
      });

      it.each(['cancelled', 'failed'] as const)(
        'keeps why a run is %s, and keeps it open until what the provider has of it is settled',
        async (state) => {
          await ledger.openRun(newRun('r1'));
          await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
          expect(await ledger.stopRun('r1', { state, at: later(1), error: cause })).toBe(true);
          const stopped = await ledger.run('r1');
          expect(stopped).toMatchObject({ state, stoppedAt: later(1), error: cause });
          expect(stopped).not.toHaveProperty('closedAt');
          expect(await ledger.openShard(newShard('r1'), lease)).toBe('stopped');
          const unclosed = async () =>
            (await ledger.runs({ states: ['active', state], unclosed: true })).items.length;
          expect(await unclosed()).toBe(1);

          expect(await ledger.closeRun('r1', later(9))).toBe(true);
          expect(await ledger.closeRun('r1', later(10))).toBe(false);
          expect(await ledger.run('r1')).toMatchObject({ state, closedAt: later(9) });
          expect(await unclosed()).toBe(0);
        },
      );

      it('pauses and resumes a run, whose shards nobody takes or covers meanwhile', async () => {
        await ledger.openRun(newRun('r1'));
        await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
        const shard = newShard('r1');
        await ledger.openShard(shard, lease);
        const watch = ledger.stops.watch('r1');
        expect(await ledger.stopRun('r1', { state: 'paused', at: later(1) })).toBe(true);
        expect(watch.signal.reason).toMatchObject({ code: 'RUN_STOPPED', sent: 'no' });
        expect(await ledger.stopRun('r1', { state: 'paused', at: later(2) })).toBe(false);
        expect(await ledger.run('r1')).toMatchObject({ state: 'paused', stoppedAt: later(1) });
        const window = { through: 1, at: later(2) };
        expect(await ledger.coverShard(shard, lease, window, NO_TALLY)).toBe('stopped');
        await ledger.releaseShard(shard, lease);
        expect(await ledger.openShard(shard, lease)).toBe('stopped');
        expect(await ledger.countSending()).toBe(0);
        expect((await ledger.runs({ states: ['paused'], unclosed: true })).items).toHaveLength(1);
        expect(await ledger.reopenRun('r1', 'active')).toBe(false);

        expect(await ledger.resumeRun('r1', later(3))).toBe(true);
        expect(await ledger.resumeRun('r1', later(4))).toBe(false);
        const resumed = await ledger.run('r1');
        expect(resumed).toMatchObject({ state: 'active', resumedAt: later(3) });
        expect(resumed).not.toHaveProperty('stoppedAt');
        expect(await ledger.openShard(shard, lease)).toBeTypeOf('object');
      });

      it('resumes a run that was paused while it was planned, as one that is planned', async () => {
        await ledger.openRun(newRun('r1'));
        await ledger.stopRun('r1', { state: 'paused', at: later(1) });
        await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
        expect(await ledger.run('r1')).toMatchObject({ state: 'paused' });
        expect(await ledger.run('r1')).not.toHaveProperty('plan');
        expect(await ledger.resumeRun('r1', later(2))).toBe(true);
        expect(await ledger.run('r1')).toMatchObject({ state: 'planning' });
        await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
        expect(await ledger.run('r1')).toMatchObject({ state: 'active' });
      });

      it.each(['cancelled', 'failed'] as const)('ends a paused run that is %s', async (state) => {
        await ledger.openRun(newRun('r1'));
        await ledger.stopRun('r1', { state: 'paused', at: later(1) });
        expect(await ledger.stopRun('r1', { state, at: later(2) })).toBe(true);
        expect(await ledger.run('r1')).toMatchObject({ state, stoppedAt: later(2) });
        expect(await ledger.resumeRun('r1', later(3))).toBe(false);
        expect(await ledger.resumeRun('nobody', later(3))).toBe(false);
        expect(await ledger.run('nobody')).toBeUndefined();
        expect(await ledger.closeRun('r1', later(4))).toBe(true);
      });

      it('closes a paused run of which all is done as completed', async () => {
        await ledger.openRun(newRun('r1'));
        await ledger.activateRun('r1', { shardCount: 0, sizeBytes: 0 });
        await ledger.stopRun('r1', { state: 'paused', at: later(1) });
        expect(await ledger.closeRun('r1', later(2))).toBe(true);
        expect(await ledger.run('r1')).toMatchObject({ state: 'completed', closedAt: later(2) });
        expect((await ledger.runs({ unclosed: true })).items).toEqual([]);
      });

      it('keeps what the whole manifest holds, from its planning or its closing on', async () => {
        const totals = { lines: 5, quarantined: 1, transfers: 3 };
        await ledger.openRun(newRun('r1'));
        await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100, totals });
        expect((await ledger.run('r1'))?.plan).toEqual({ shardCount: 1, sizeBytes: 100, totals });

        await ledger.openRun(newRun('r2'));
        await ledger.stopRun('r2', { state: 'cancelled', at: later(1) });
        expect(await ledger.run('r2')).not.toHaveProperty('plan');
        const read = { shardCount: 2, sizeBytes: 200, totals };
        expect(await ledger.closeRun('r2', later(9), read)).toBe(true);
        expect((await ledger.run('r2'))?.plan).toEqual(read);
        // Planned once more it is the same manifest, which nobody reads for that.
        await ledger.reopenRun('r2', 'planning');
        await ledger.activateRun('r2', { shardCount: 2, sizeBytes: 200 });
        expect((await ledger.run('r2'))?.plan).toEqual(read);
      });

      it.each(['cancelled', 'failed'] as const)(
        'tells who works on a run at once that it is %s, and nobody else',
        async (state) => {
          for (const runId of ['r1', 'r2']) await ledger.openRun(newRun(runId));
          const [one, two, gone] = [1, 2, 3].map(() => ledger.stops.watch('r1'));
          const other = ledger.stops.watch('r2');
          gone?.end();
          await ledger.stopRun('r1', { state, at: later(1) });
          for (const watch of [one, two]) {
            expect(watch?.signal.reason).toMatchObject({ code: 'RUN_STOPPED', sent: 'no' });
          }
          expect([gone, other].map((watch) => watch?.signal.aborted)).toEqual([false, false]);
        },
      );

      it('tells of no end that is not kept, and of one for each time that the run goes on', async () => {
        await ledger.openRun(newRun('r1'));
        await ledger.activateRun('r1', { shardCount: 0, sizeBytes: 0 });
        const early = ledger.stops.watch('r1');
        expect(await ledger.stopRun('nobody', { state: 'cancelled', at: AT })).toBe(false);
        expect(early.signal.aborted).toBe(false);
        await ledger.stopRun('r1', { state: 'cancelled', at: later(1) });
        await ledger.reopenRun('r1', 'active');
        const late = ledger.stops.watch('r1');
        expect([early, late].map(({ signal }) => signal.aborted)).toEqual([true, false]);
        await ledger.stopRun('r1', { state: 'cancelled', at: later(2) });
        expect(late.signal.aborted).toBe(true);
      });

      it('stops one who works on a run without the others', async () => {
        const [one, two] = [ledger.stops.watch('r1'), ledger.stops.watch('r1')];
        one.stop();
        expect([one, two].map(({ signal }) => signal.aborted)).toEqual([true, false]);
      });

      it('goes on with a run that has ended, and with no other', async () => {
        await ledger.openRun(newRun('r1'));
        expect(await ledger.reopenRun('r1', 'active')).toBe(false);
        expect(await ledger.reopenRun('nobody', 'active')).toBe(false);
        expect(await ledger.run('nobody')).toBeUndefined();
        await ledger.stopRun('r1', { state: 'failed', at: later(1), error: cause });
        expect(await ledger.reopenRun('r1', 'planning')).toBe(true);
        expect(await ledger.reopenRun('r1', 'active')).toBe(false);

        const { createdAt, ...opened } = newRun('r1');
        const reopened = await ledger.run('r1');
        expect(reopened).toMatchObject({ ...opened, state: 'planning', createdAt });
        for (const gone of ['closedAt', 'stoppedAt', 'error']) {
          expect(reopened).not.toHaveProperty(gone);
        }
        expect((await ledger.runs({ states: ['planning'] })).items).toHaveLength(1);
        await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
        expect(await ledger.openShard(newShard('r1'), lease)).toBeTypeOf('object');
        expect(await ledger.closeRun('r1', later(2))).toBe(true);
        expect(await ledger.reopenRun('r1', 'active')).toBe(true);
        expect(await ledger.run('r1')).toMatchObject({ state: 'active', plan: { shardCount: 1 } });
      });

      it('keeps when the closing of a run began, until it is stopped, reopened or changed', async () => {
        await ledger.openRun(newRun('r1'));
        await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
        await ledger.openShard(newShard('r1'), lease);
        await ledger.record('r1.0.0', report('submitting', 1));
        await ledger.record('r1.0.0', report('failed', 1, { cause }));
        const begin = (ms: number) => ledger.beginClosing('r1', later(ms));
        expect(await ledger.run('r1')).not.toHaveProperty('closingAt');
        expect([await begin(1), await begin(2)]).toEqual([later(1), later(1)]);
        // Told once more, it is what was known before.
        await ledger.record('r1.0.0', report('failed', 1, { cause }));
        expect((await ledger.run('r1'))?.closingAt).toEqual(later(1));

        await ledger.record('r1.0.0', report('planned', 2, { event: 'ordered' }));
        expect(await ledger.run('r1')).not.toHaveProperty('closingAt');
        expect(await begin(3)).toEqual(later(3));
        await ledger.stopRun('r1', { state: 'cancelled', at: later(4) });
        expect(await begin(5)).toEqual(later(5));
        await ledger.reopenRun('r1', 'active');
        expect(await ledger.run('r1')).not.toHaveProperty('closingAt');
        expect(await begin(6)).toEqual(later(6));
        await begin(7);
        expect(await ledger.beginClosing('nobody', AT)).toEqual(AT);
        expect(await ledger.run('nobody')).toBeUndefined();
      });

      it('answers undefined for a run that is not there', async () => {
        expect(await ledger.run('nobody')).toBeUndefined();
      });

      it('lists runs newest first, in pages without gap or overlap', async () => {
        for (const index of [0, 1, 2, 3, 4]) {
          await ledger.openRun(newRun(`r${index}`, { createdAt: later(index < 3 ? 0 : index) }));
        }
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await ledger.runs({ limit: 2, ...(cursor !== undefined && { cursor }) });
          expect(page.items.length).toBeLessThanOrEqual(2);
          seen.push(...page.items.map(({ runId }) => runId));
          cursor = page.nextCursor;
        } while (cursor !== undefined);
        expect(seen).toEqual(['r4', 'r3', 'r2', 'r1', 'r0']);
      });

      it('filters runs by state', async () => {
        await ledger.openRun(newRun('r1'));
        await ledger.openRun(newRun('r2'));
        await ledger.activateRun('r2', { shardCount: 0, sizeBytes: 0 });
        const { items } = await ledger.runs({ states: ['active'] });
        expect(items.map(({ runId }) => runId)).toEqual(['r2']);
      });

      it('refuses a cursor that is none of its own', async () => {
        await expect(ledger.runs({ cursor: 'x' })).rejects.toMatchObject({ code: 'QUERY_INVALID' });
        await expect(ledger.transfers('r1', { cursor: 'x' })).rejects.toMatchObject({
          code: 'QUERY_INVALID',
          errors: [{ path: 'cursor' }],
        });
      });
    });

    describe('shards', () => {
      beforeEach(async () => {
        await ledger.openRun(newRun('r1'));
        await ledger.activateRun('r1', { shardCount: 2, sizeBytes: 200 });
      });

      it('gives a shard to one worker until its lease ends', async () => {
        const shard = newShard('r1');
        const opened = await ledger.openShard(shard, lease);
        expect(opened).toMatchObject({ windows: [], transfers: new Map() });
        const other = { ...lease, owner: 'worker-2', at: later(59_999) };
        expect(await ledger.openShard(shard, other)).toBe('leased');
        expect(await ledger.openShard(shard, { ...other, at: later(60_001) })).toMatchObject({
          windows: [],
        });
      });

      it('gives a released shard to the next worker at once', async () => {
        const shard = newShard('r1');
        await ledger.openShard(shard, lease);
        await ledger.releaseShard(shard, { ...lease, owner: 'somebody else' });
        expect(await ledger.openShard(shard, { ...lease, owner: 'worker-2' })).toBe('leased');
        await ledger.releaseShard(shard, lease);
        expect(await ledger.openShard(shard, { ...lease, owner: 'worker-2' })).not.toBe('leased');
      });

      it('keeps the windows that a worker gives back in place of its own', async () => {
        const shard = newShard('r1');
        await ledger.openShard(shard, lease);
        for (const through of [256, 512]) {
          await ledger.coverShard(shard, lease, { through, at: later(1) }, tally());
        }
        const windows = [
          { through: 256, at: later(1) },
          { through: 300, at: later(1) },
        ];
        await ledger.releaseShard(shard, { ...lease, owner: 'somebody else' }, []);
        await ledger.releaseShard(shard, lease, windows);
        expect(await ledger.openShard(shard, lease)).toMatchObject({ windows });
      });

      it('G2: keeps the windows of every worker that had the shard, in their order', async () => {
        const shard = newShard('r1');
        const windows: IntentWindow[] = [];
        for (const worker of [0, 1, 2]) {
          const mine = { owner: `worker-${worker}`, at: later(worker * 70_000), leaseMs: 60_000 };
          expect(await ledger.openShard(shard, mine)).toMatchObject({ windows });
          for (const part of [1, 2]) {
            windows.push({ through: worker * 512 + part * 256, at: later(worker * 70_000 + part) });
            const at = windows.length - 1;
            const window = windows[at] as IntentWindow;
            expect(await ledger.coverShard(shard, mine, window, tally())).toBe('covered');
          }
          // The first dies, the second gives back without a word about its lines.
          if (worker === 1) await ledger.releaseShard(shard, mine);
        }
        const last = { owner: 'worker-3', at: later(210_000), leaseMs: 60_000 };
        expect(await ledger.openShard(shard, last)).toMatchObject({ windows });
        // Read to its end, every good line has its row.
        await ledger.record('r1.0.1', report('failed', 1, { cause, object }));
        expect(await ledger.endShard(shard, last, tally())).toBe(true);
        await ledger.record('r1.0.1', report('planned', 2));
        expect(await ledger.openShard(shard, last)).toMatchObject({ windows: [] });
      });

      it('drops the windows of lines that all have their row, and those that cover none', async () => {
        const shard = newShard('r1');
        await ledger.openShard(shard, lease);
        const windows = [256, 0, 512, 768].map((through) => ({ through, at: later(through) }));
        for (const window of windows) {
          const progress = window.through === 768 ? { settledBelow: 256 } : undefined;
          await ledger.coverShard(shard, lease, window, tally(), progress);
        }
        await ledger.releaseShard(shard, lease);
        expect(await ledger.openShard(shard, lease)).toMatchObject({ windows: windows.slice(2) });
      });

      it('keeps where lines begin, each once, after the shard ended too', async () => {
        const shard = newShard('r1');
        expect(await ledger.marks('r1', 0)).toEqual([]);
        const [first, second] = [
          { line: 4_096, byte: 70_000 },
          { line: 12_288, byte: 180_000 },
        ];
        for (const owner of ['worker-1', 'worker-2']) {
          const mine = { ...lease, owner };
          await ledger.openShard(shard, mine);
          for (const mark of [first, undefined, second]) {
            const progress = mark && { mark };
            await ledger.coverShard(shard, mine, { through: 0, at: AT }, tally(), progress);
          }
          await ledger.releaseShard(shard, mine);
        }
        await ledger.openShard(shard, lease);
        await ledger.endShard(shard, lease, tally());
        expect(await ledger.marks('r1', 0)).toEqual([first, second]);
        expect(await ledger.marks('r1', 1)).toEqual([]);
      });

      it('keeps as of when the failures of a shard have their objects', async () => {
        const shard = newShard('r1');
        const first = async () => (await Array.fromAsync(ledger.shards('r1')))[0];
        await ledger.keepDescribed('r1', 0, AT);
        expect(await first()).toBeUndefined();
        await ledger.openShard(shard, lease);
        expect(await first()).not.toHaveProperty('describedAt');
        await ledger.endShard(shard, { ...lease, at: later(5) }, tally());
        await ledger.keepDescribed('r1', 0, later(5));
        expect(await first()).toMatchObject({ describedAt: later(5), updatedAt: later(5) });
      });

      it('ends all leases for the process that owns it', async () => {
        await ledger.openShard(newShard('r1', 0), lease);
        await ledger.openShard(newShard('r1', 1), lease);
        expect(await ledger.releaseLeases()).toBe(2);
        const other = { ...lease, owner: 'worker-2' };
        expect(await ledger.openShard(newShard('r1', 1), other)).not.toBe('leased');
      });

      it('shows intents of an earlier worker to the next one, with the rows that exist', async () => {
        const shard = newShard('r1');
        await ledger.openShard(shard, lease);
        const window = { through: 256, at: later(1) };
        expect(await ledger.coverShard(shard, lease, window, tally())).toBe('covered');
        await ledger.accept(shard, [{ line: 1, id: 't1', at: later(1) }]);
        await ledger.record('r1.0.2', report('failed', 1, { cause, object }));
        await ledger.releaseShard(shard, lease);

        const opened = await ledger.openShard(shard, { ...lease, owner: 'worker-2' });
        if (typeof opened === 'string') throw new Error(opened);
        expect(opened.windows).toEqual([window]);
        const rows = [0, 1, 2, 3].filter(
          (line) => opened.settled(line) || opened.transfers.has(line),
        );
        expect(rows).toEqual([1, 2]);
        expect(opened.settled(2)).toBe(false);
        expect(opened.transfers.get(2)).toMatchObject({ state: 'failed', object, attempt: 1 });
      });

      it('refuses an intent of a worker that lost its lease', async () => {
        const shard = newShard('r1');
        await ledger.openShard(shard, lease);
        const next = { owner: 'worker-2', at: later(60_001), leaseMs: 60_000 };
        await ledger.openShard(shard, next);
        const window = { through: 256, at: later(60_002) };
        expect(await ledger.coverShard(shard, lease, window, tally())).toBe('lost');
        expect(await ledger.endShard(shard, lease, tally())).toBe(false);
        expect(await ledger.coverShard(shard, next, window, tally())).toBe('covered');
      });

      it('opens nothing of a run that ended, and stops its workers', async () => {
        const shard = newShard('r1');
        await ledger.openShard(shard, lease);
        await ledger.stopRun('r1', { state: 'cancelled', at: AT });
        const window = { through: 256, at: AT };
        expect(await ledger.coverShard(shard, lease, window, tally())).toBe('stopped');
        expect(await ledger.openShard(newShard('r1', 1), lease)).toBe('stopped');
        expect(await ledger.openShard(newShard('nobody'), lease)).toBe('stopped');
      });

      it('tells of a run that ended which shards a worker still has', async () => {
        const shard = newShard('r1');
        const other = (ms: number) => ({ owner: 'other', at: later(ms), leaseMs: 0 });
        await ledger.openShard(shard, lease);
        await ledger.stopRun('r1', { state: 'cancelled', at: AT });
        expect(await ledger.openShard(shard, other(0))).toBe('leased');
        expect(await ledger.openShard(shard, other(lease.leaseMs))).toBe('stopped');
        expect(await ledger.openShard(shard, other(0))).toBe('leased');
        await ledger.releaseShard(shard, lease);
        expect(await ledger.openShard(shard, other(0))).toBe('stopped');
      });

      it('opens an ended shard again only while something in it is to be sent or resolved', async () => {
        const shard = newShard('r1');
        await ledger.openShard(shard, lease);
        await ledger.record('r1.0.1', report('failed', 1, { cause, object }));
        expect(await ledger.endShard(shard, lease, tally())).toBe(true);
        expect(await ledger.openShard(shard, lease)).toBe('ended');
        await ledger.record('r1.0.1', report('planned', 2));
        const opened = await ledger.openShard(shard, lease);
        if (typeof opened === 'string') throw new Error(opened);
        expect(opened.transfers.get(1)).toMatchObject({ state: 'planned', attempt: 2, object });
      });

      it('keeps the tally of an ended shard while that is read again', async () => {
        const shard = newShard('r1');
        await ledger.openShard(shard, lease);
        await ledger.record('r1.0.1', report('failed', 1, { cause, object }));
        await ledger.record('r1.0.2', report('succeeded', 1, { object }));
        await ledger.endShard(shard, lease, tally());
        await ledger.record('r1.0.1', report('planned', 2));
        const again = { ...lease, owner: 'worker-2', at: later(1) };
        await ledger.openShard(shard, again);
        const seen = tally({ last: 20, lines: 2, transfers: 1 });
        const window = { through: 0, at: later(2) };
        const renewed = { ...again, at: later(2) };
        expect(await ledger.coverShard(shard, renewed, window, seen)).toBe('covered');
        expect(await ledger.coverShard(shard, lease, window, seen)).toBe('lost');
        expect((await Array.fromAsync(ledger.shards('r1')))[0]).toMatchObject({
          ended: true,
          tally: tally(),
          updatedAt: later(2),
        });
        expect(await ledger.openShard(shard, { ...lease, at: later(60_001) })).toBe('leased');
      });

      it('counts the runs that have something left to send', async () => {
        await ledger.openRun({ ...newRun('r2'), createdAt: later(1) });
        const read = (index: number) =>
          tally({ first: 100 * index, last: 100 * index + 100, lines: 3, transfers: 1 });
        expect(await ledger.countSending()).toBe(1);
        await ledger.activateRun('r2', { shardCount: 1, sizeBytes: 100 });
        for (const index of [0, 1]) {
          const shard = newShard('r1', index);
          expect(await ledger.countSending()).toBe(2);
          await ledger.openShard(shard, lease);
          await ledger.record(`r1.${index}.1`, report('submitted', 1, { accepted: ['1:t1'] }));
          await ledger.endShard(shard, lease, read(index));
        }
        // What was counted is told from the next look on.
        await ledger.run('r1');
        expect(await ledger.countSending()).toBe(1);
        await ledger.record('r1.0.1', report('failed', 1, { cause }));
        await ledger.record('r1.0.1', report('planned', 2));
        await ledger.run('r1');
        expect(await ledger.countSending()).toBe(2);
        await ledger.stopRun('r2', { state: 'cancelled', at: later(2) });
        expect(await ledger.countSending()).toBe(1);
        for (let n = 10; n < 40; n += 1) {
          await ledger.openRun({ ...newRun(`r${n}`), createdAt: later(n) });
          await ledger.activateRun(`r${n}`, { shardCount: 1, sizeBytes: 100 });
        }
        expect(await ledger.countSending()).toBe(16);
      });

      it('tells how far shards are, and who may be at them', async () => {
        for (const index of [0, 2, 4]) await ledger.openShard(newShard('r1', index), lease);
        // Known by a callback alone.
        await ledger.record('r1.1.0', report('succeeded', 1));
        await ledger.endShard(newShard('r1', 0), { ...lease, at: later(5) }, tally());
        await ledger.releaseShard(newShard('r1', 2), lease);
        expect(await ledger.shardStates('r1')).toEqual([
          { index: 0, ended: true, updatedAt: later(5) },
          { index: 2, ended: false, updatedAt: lease.at },
          {
            index: 4,
            ended: false,
            updatedAt: lease.at,
            leasedUntil: new Date(lease.at.getTime() + lease.leaseMs),
          },
        ]);
        const some = await ledger.shardStates('r1', 1, 4);
        expect(some.map(({ index }) => index)).toEqual([2]);
        expect(await ledger.shardStates('r2')).toEqual([]);
      });

      it('keeps tallies and counts by state', async () => {
        await ledger.openShard(newShard('r1', 1), lease);
        await ledger.openShard(newShard('r1', 0), lease);
        await ledger.record('r1.0.1', report('submitted', 1, { accepted: ['1:t1'] }));
        await ledger.record('r1.0.3', report('failed', 1, { cause }));
        await ledger.endShard(newShard('r1', 0), lease, tally());
        expect(await ledger.shard('r1', 1)).toEqual(newShard('r1', 1));
        expect(await ledger.shard('r1', 2)).toBeUndefined();
        const [first, second] = await Array.fromAsync(ledger.shards('r1'));
        expect(first).toMatchObject({
          shard: newShard('r1', 0),
          ended: true,
          tally: tally(),
          counts: {
            planned: 0,
            submitting: 0,
            submitted: 1,
            failed: 1,
            cancelled: 0,
            succeeded: 0,
          },
        });
        expect(second).toMatchObject({ shard: newShard('r1', 1), ended: false });
      });
    });

    describe('transfers', () => {
      beforeEach(async () => {
        await ledger.openRun(newRun('r1'));
        await ledger.openShard(newShard('r1'), lease);
      });

      it('takes acceptances together, before or after what became of them', async () => {
        await ledger.record('r1.0.2', report('succeeded', 1, { event: 'callback', at: later(1) }));
        await ledger.record('r1.0.3', report('failed', 1, { event: 'callback', cause }));
        const accepted = [1, 2, 3].map((line) => ({ line, id: `t${line}`, at: later(2) }));
        for (const told of [accepted, accepted]) await ledger.accept(newShard('r1'), told);
        const { items } = await ledger.transfers('r1');
        expect(items.map(({ state, attempt, providerId }) => [state, attempt, providerId])).toEqual(
          [
            ['submitted', 1, 't1'],
            ['succeeded', 1, 't2'],
            ['failed', 1, 't3'],
          ],
        );
        const { counts } = (await ledger.run('r1')) ?? {};
        expect(counts).toMatchObject({ submitted: 1, succeeded: 1, failed: 1 });
      });

      it('merges facts in any order to the same record', async () => {
        const facts = [
          report('submitted', 1, { accepted: ['1:t1'], object, event: 'accepted' }),
          report('failed', 1, { cause, event: 'callback' }),
          report('submitted', 2, { accepted: ['2:t2'], object, event: 'accepted' }),
          report('succeeded', 1, { event: 'callback' }),
        ];
        for (const [index, order] of [
          [0, 1, 2, 3],
          [3, 2, 1, 0],
          [2, 0, 3, 1],
        ].entries()) {
          for (const at of [...order, ...order]) {
            await ledger.record(`r1.0.${index}`, facts[at] as TransferUpdate);
          }
          expect(await ledger.read(`r1.0.${index}`)).toMatchObject({
            state: 'succeeded',
            attempt: 1,
            accepted: ['1:t1', '2:t2'],
            providerId: 't2',
            object,
          });
        }
        const { counts } = (await ledger.run('r1')) ?? {};
        expect(counts).toMatchObject({ succeeded: 3, failed: 0, submitted: 0 });
      });

      it('leaves a later attempt alone when an earlier one fails late', async () => {
        await ledger.record('r1.0.1', report('submitted', 2, { accepted: ['2:t2'] }));
        await ledger.record('r1.0.1', report('failed', 1, { cause }));
        const found = await ledger.read('r1.0.1');
        expect(found).toMatchObject({ state: 'submitted', attempt: 2 });
        expect(found?.cause).toBeUndefined();
      });

      it('G3: keeps what was cancelled so when its failure is told, before or after', async () => {
        const facts = [
          report('cancelled', 1, { event: 'cancelled', object }),
          report('failed', 1, { event: 'callback', cause }),
        ];
        for (const [line, order] of [facts, facts.toReversed()].entries()) {
          for (const fact of order) await ledger.record(`r1.0.${line}`, fact);
          const found = await ledger.read(`r1.0.${line}`);
          expect(found).toMatchObject({ state: 'cancelled', attempt: 1 });
          expect(found?.cause).toBeUndefined();
        }
        expect((await ledger.transfers('r1', { states: ['failed'] })).items).toEqual([]);
        expect((await ledger.transfers('r1', { classes: ['source'] })).items).toEqual([]);
        expect((await ledger.run('r1'))?.counts).toMatchObject({ cancelled: 2, failed: 0 });
      });

      it('takes a callback that overtakes the answer to its submission', async () => {
        await ledger.record('r1.0.1', report('succeeded', 1, { event: 'callback' }));
        await ledger.accept(newShard('r1'), [{ line: 1, id: 't1', at: later(3) }]);
        expect(await ledger.read('r1.0.1')).toMatchObject({
          state: 'succeeded',
          accepted: ['1:t1'],
          providerId: 't1',
        });
      });

      it('G3: keeps the object that was told first, and the latest time, in whatever order', async () => {
        const facts = [
          report('submitted', 2, { accepted: ['2:t1'], object, event: 'accepted', at: later(5) }),
          report('succeeded', 2, { event: 'callback', at: later(3) }),
          report('failed', 2, { cause, event: 'callback', at: later(4) }),
        ];
        const other = { url: 'http://origin.example/other', key: 'other' };
        for (const [line, order] of [facts, facts.toReversed()].entries()) {
          for (const fact of order) await ledger.record(`r1.0.${line}`, fact);
          const again = report('submitted', 2, { object: other, event: 'resolved', at: later(1) });
          await ledger.record(`r1.0.${line}`, again);
          expect(await ledger.read(`r1.0.${line}`)).toMatchObject({
            state: 'succeeded',
            object,
            updatedAt: later(5),
          });
        }
      });

      it('keeps at most 64 entries of history, and goes on merging', async () => {
        for (let at = 0; at < 70; at += 1) {
          await ledger.record(
            'r1.0.1',
            report('submitted', 1, { at: later(at), event: 'callback' }),
          );
        }
        await ledger.record('r1.0.1', report('succeeded', 1, { at: later(99) }));
        const found = await ledger.read('r1.0.1');
        expect(found).toMatchObject({ state: 'succeeded', updatedAt: later(99) });
        expect(found?.history).toHaveLength(64);
      });

      it('counts transfers that were read and have no row yet as planned', async () => {
        await ledger.coverShard(newShard('r1'), lease, { through: 256, at: AT }, tally());
        await ledger.record('r1.0.1', report('submitted', 1));
        const run = await ledger.run('r1');
        expect(run?.counts).toEqual({
          lines: 3,
          quarantined: 0,
          planned: 1,
          submitting: 0,
          submitted: 1,
          failed: 0,
          cancelled: 0,
          succeeded: 0,
        });
        expect(run).toMatchObject({ readBytes: 100, unsent: 1 });
      });

      it('pages transfers by state and class, in order of shard and line', async () => {
        await ledger.openShard(newShard('r1', 1), lease);
        for (const shard of [1, 0]) {
          for (const line of [11, 2, 7]) {
            const failed = line !== 7;
            await ledger.record(
              `r1.${shard}.${line}`,
              failed ? report('failed', 1, { cause, object }) : report('succeeded', 1, { object }),
            );
          }
        }
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await ledger.transfers('r1', {
            states: ['failed'],
            limit: 3,
            ...(cursor !== undefined && { cursor }),
          });
          seen.push(...page.items.map(({ transferId }) => transferId));
          cursor = page.nextCursor;
        } while (cursor !== undefined);
        expect(seen).toEqual(['r1.0.2', 'r1.0.11', 'r1.1.2', 'r1.1.11']);
        const bySource = await ledger.transfers('r1', { classes: ['source'] });
        expect(bySource.items).toHaveLength(4);
        expect((await ledger.transfers('r1', { classes: ['quota'] })).items).toEqual([]);
        expect((await ledger.transfers('r1')).items).toHaveLength(6);
        const rows = await ledger.transfersOf('r1', 1, ['succeeded']);
        expect(rows.map(({ transferId }) => transferId)).toEqual(['r1.1.7']);
      });

      it('tells which lines of a shard have a row', async () => {
        await ledger.record('r1.0.7', report('failed', 1, { cause }));
        await ledger.record('r1.1.9', report('succeeded', 1));
        await ledger.accept(newShard('r1'), [{ line: 3, id: 't', at: AT }]);
        expect([...(await ledger.linesOf('r1', 0))].sort()).toEqual([3, 7]);
        expect(await ledger.linesOf('r1', 2)).toEqual(new Set());
      });

      it('answers undefined for a transfer that is not there', async () => {
        expect(await ledger.read('r1.0.404')).toBeUndefined();
        expect(await ledger.read('nonsense')).toBeUndefined();
      });

      it('takes many facts at once and counts each transfer once', async () => {
        const many = Array.from({ length: 500 }, (_, line) => line);
        await Promise.all(
          many.flatMap((line) => [
            ledger.record(
              `r1.0.${line}`,
              report('submitted', 1, { accepted: [`1:t${line}`], object, event: 'accepted' }),
            ),
            ledger.record(`r1.0.${line}`, report('succeeded', 1)),
            ledger.record(`r1.0.${line}`, report('succeeded', 1, { at: later(1) })),
          ]),
        );
        expect((await ledger.run('r1'))?.counts).toMatchObject({ succeeded: 500, submitted: 0 });
      });
    });

    describe('healthy objects', () => {
      const accepted = (line: number) => ({ line, id: `t${line}`, at: later(line) });
      const arrived = report('succeeded', 1, { event: 'callback', at: later(50) });
      beforeEach(async () => {
        await ledger.openRun(newRun('r1'));
        await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
        await ledger.openShard(newShard('r1'), lease);
      });

      it('keeps of each its latest fact and the id, as the only entry of its history', async () => {
        await ledger.accept(newShard('r1'), [accepted(1), accepted(2)]);
        await ledger.record('r1.0.2', arrived);
        for (const event of ['poll', 'callback'] as const) {
          await ledger.record('r1.0.3', report('succeeded', 1, { event, object, at: later(9) }));
        }
        const common = { runId: 'r1', shard: 0, attempt: 1 } as const;
        const entry = (at: number, event: string, state: string) => ({
          ...{ at: later(at), attempt: 1, event, state },
        });
        const expected = [
          {
            ...{ ...common, transferId: 'r1.0.1', line: 1, state: 'submitted' },
            ...{ accepted: ['1:t1'], providerId: 't1', updatedAt: later(1) },
            history: [{ ...entry(1, 'accepted', 'submitted'), providerId: 't1' }],
          },
          {
            ...{ ...common, transferId: 'r1.0.2', line: 2, state: 'succeeded' },
            ...{ accepted: ['1:t2'], providerId: 't2', updatedAt: later(50) },
            history: [{ ...entry(50, 'callback', 'succeeded'), providerId: 't2' }],
          },
        ];
        for (const transfer of expected) {
          expect(await ledger.read(transfer.transferId)).toEqual(transfer);
        }
        const { items } = await ledger.transfers('r1');
        expect(items.slice(0, 2)).toEqual(expected);
        expect(items[2]).toMatchObject({ accepted: [], history: [{ at: later(9) }] });
        expect(items).toHaveLength(3);
        const { counts } = (await ledger.run('r1')) ?? {};
        expect(counts).toMatchObject({ submitted: 1, succeeded: 2 });
      });

      it('begins the history of one that gets into trouble with what was known of it', async () => {
        await ledger.accept(newShard('r1'), [accepted(1), accepted(2), accepted(3)]);
        const failed = report('failed', 1, { event: 'callback', cause, at: later(60) });
        await ledger.record('r1.0.1', failed);
        await ledger.record('r1.0.2', arrived);
        await ledger.record('r1.0.2', failed);
        await ledger.record('r1.0.3', report('submitted', 1, { at: later(60) }));
        const { items } = await ledger.transfers('r1');
        expect(items.map(({ state, updatedAt }) => [state, updatedAt])).toEqual([
          ['failed', later(60)],
          ['succeeded', later(60)],
          ['submitted', later(60)],
        ]);
        const told = items.map(({ history }) =>
          history.map(({ at, event, providerId }) => [event, at, providerId]),
        );
        expect(told).toEqual([
          [
            ['accepted', later(1), 't1'],
            ['callback', later(60), undefined],
          ],
          [
            ['callback', later(50), 't2'],
            ['callback', later(60), undefined],
          ],
          // Polled without news: when it was accepted is what tells later what it brought.
          [['accepted', later(3), 't3']],
        ]);
        const { counts } = (await ledger.run('r1')) ?? {};
        expect(counts).toMatchObject({ submitted: 1, failed: 1, succeeded: 1 });
      });

      it('keeps both ids of one that was accepted twice', async () => {
        await ledger.accept(newShard('r1'), [accepted(1)]);
        await ledger.accept(newShard('r1'), [{ ...accepted(1), id: 'other' }]);
        await ledger.record('r1.0.1', arrived);
        expect(await ledger.read('r1.0.1')).toMatchObject({
          state: 'succeeded',
          accepted: ['1:other', '1:t1'],
        });
      });

      it('opens a shard with the lines that need nothing more', async () => {
        await ledger.accept(newShard('r1'), [accepted(1), accepted(4)]);
        await ledger.record('r1.0.4', arrived);
        await ledger.record('r1.0.2', report('failed', 1, { cause }));
        await ledger.releaseShard(newShard('r1'), lease);
        const opened = await ledger.openShard(newShard('r1'), lease);
        if (typeof opened === 'string') throw new Error(opened);
        expect([0, 1, 2, 3, 4, 5].filter(opened.settled)).toEqual([1, 4]);
        expect([...opened.transfers.keys()]).toEqual([2]);
      });

      it('pages them by state with the others, in order and without gap or overlap', async () => {
        const facts = ['submitted', 'succeeded', 'failed'] as const;
        const all: [string, TransferState][] = [];
        for (const shard of [0, 2, 3]) {
          await ledger.openShard(newShard('r1', shard), lease);
          for (let line = 0; line < 7; line += 1) {
            const state = facts[(line + shard) % 3] ?? 'failed';
            const id = `r1.${shard}.${line}`;
            await ledger.accept(newShard('r1', shard), [accepted(line)]);
            if (state !== 'submitted') await ledger.record(id, report(state, 1));
            all.push([id, state]);
          }
        }
        for (const states of [facts, ['submitted'], ['succeeded', 'failed'], ['cancelled']]) {
          const wanted = all.filter(([, state]) => (states as string[]).includes(state));
          const seen: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await ledger.transfers('r1', {
              states: states as TransferState[],
              limit: 4,
              ...(cursor !== undefined && { cursor }),
            });
            expect(page.items.length).toBeLessThanOrEqual(4);
            seen.push(...page.items.map(({ transferId }) => transferId));
            cursor = page.nextCursor;
          } while (cursor !== undefined);
          expect(seen).toEqual(wanted.map(([id]) => id));
          const rows = await ledger.transfersOf('r1', 2, states as TransferState[]);
          const ofShard = wanted.map(([id]) => id).filter((id) => id.startsWith('r1.2.'));
          expect(rows.map(({ transferId }) => transferId)).toEqual(ofShard);
        }
      });

      it('tells apart the objects of two runs', async () => {
        await ledger.openRun(newRun('r2'));
        await ledger.openShard(newShard('r2'), lease);
        await ledger.accept(newShard('r1'), [accepted(1)]);
        await ledger.record('r2.0.1', arrived);
        expect(await ledger.read('r1.0.1')).toMatchObject({ state: 'submitted' });
        expect(await ledger.read('r2.0.1')).toMatchObject({ state: 'succeeded', accepted: [] });
        expect((await ledger.run('r2'))?.counts).toMatchObject({ succeeded: 1, submitted: 0 });
      });

      it('G1, G2: facts about several runs that come at once meet what is known of each', async () => {
        const lines = Object.entries({ r1: 1, r2: 2, r3: 3 });
        for (const [runId, line] of lines) {
          await ledger.openRun(newRun(runId));
          await ledger.openShard(newShard(runId), lease);
          await ledger.accept(newShard(runId), [accepted(line)]);
        }
        const ids = lines.map(([runId, line]) => `${runId}.0.${line}`);
        await Promise.all(ids.map((id) => ledger.record(id, arrived)));
        for (const [runId, line] of lines) {
          const counts = { succeeded: 1, submitted: 0 };
          expect(await ledger.run(runId)).toMatchObject({ counts });
          expect(await ledger.read(`${runId}.0.${line}`)).toMatchObject({
            accepted: [`1:t${line}`],
          });
        }
      });

      it('keeps facts about a run that it does not know, and what the run adds later', async () => {
        await ledger.record('r3.0.1', arrived);
        await ledger.openRun(newRun('r3'));
        await ledger.openShard(newShard('r3'), lease);
        await ledger.accept(newShard('r3'), [accepted(1), accepted(2)]);
        const { items } = await ledger.transfers('r3');
        expect(items.map(({ state, accepted: ids }) => [state, ids])).toEqual([
          ['succeeded', ['1:t1']],
          ['submitted', ['1:t2']],
        ]);
      });
    });

    describe('tasks and their progress', () => {
      const task: TransferTask = {
        kind: 'oms',
        version: 'v2',
        region: 'cn-north-4',
        projectId: 'p',
        taskId: '4042',
        credentials: 'default',
      };

      it('keeps what a transfer starts, and the latest progress', async () => {
        await ledger.openRun(newRun('r1', { operation: 'oms-v2-start-task' }));
        await ledger.record('r1.0.0', report('planned', 1, { event: 'ordered', task }));
        const first = { providerState: '2', objects: 1 };
        const second = { providerState: '2', objects: 7, bytes: 70 };
        await ledger.record(
          'r1.0.0',
          report('submitted', 1, { progress: first, event: 'accepted' }),
        );
        await ledger.record('r1.0.0', report('submitted', 1, { progress: second, at: later(1) }));
        await ledger.record('r1.0.0', report('submitted', 1, { at: later(2) }));
        expect(await ledger.read('r1.0.0')).toMatchObject({ task, progress: second });
      });

      it('lists a poll that told of another attempt, or of another cause', async () => {
        await ledger.openRun(newRun('r1'));
        const polls = [
          report('submitted', 1, { event: 'accepted' }),
          report('submitted', 2),
          report('failed', 2, { cause: { ...cause, code: 'A' } }),
          report('failed', 2, { cause: { ...cause, code: 'B' } }),
        ];
        for (const poll of polls) await ledger.record('r1.0.0', poll);
        const { history } = (await ledger.read('r1.0.0')) ?? {};
        expect(history?.map(({ attempt, code }) => [attempt, code])).toEqual([
          [1, undefined],
          [2, undefined],
          [2, 'A'],
          [2, 'B'],
        ]);
      });

      it('lists no poll that told nothing new, and still takes its time', async () => {
        await ledger.openRun(newRun('r1'));
        await ledger.record('r1.0.0', report('submitted', 1, { event: 'accepted' }));
        for (let n = 1; n <= 100; n += 1) {
          await ledger.record('r1.0.0', report('submitted', 1, { at: later(n) }));
        }
        await ledger.record('r1.0.0', report('succeeded', 1, { at: later(101) }));
        const found = await ledger.read('r1.0.0');
        expect(found?.history.map(({ event }) => event)).toEqual(['accepted', 'poll']);
        expect(found?.updatedAt).toEqual(later(101));
      });
    });

    describe('marks', () => {
      it('keeps the first claim of a key', async () => {
        const first = { runId: 'r1', requestHash: 'a' };
        expect(await ledger.claim('k', first, AT)).toEqual(first);
        expect(await ledger.claim('k', { runId: 'r2', requestHash: 'b' }, AT)).toEqual(first);
      });

      it('gives a lease to one owner until it ends or is given back', async () => {
        const mine = { owner: 'a', at: AT, leaseMs: 1_000 };
        const other = { owner: 'b', at: later(500), leaseMs: 1_000 };
        expect(await ledger.takeLease('pass', mine)).toBe(true);
        expect(await ledger.takeLease('pass', other)).toBe(false);
        expect(await ledger.takeLease('pass', { ...mine, at: later(900) })).toBe(true);
        expect(await ledger.takeLease('pass', { ...other, at: later(1_500) })).toBe(false);
        expect(await ledger.takeLease('pass', { ...other, at: later(1_900) })).toBe(true);
        await ledger.dropLease('pass', 'a');
        expect(await ledger.takeLease('pass', { ...mine, at: later(2_000) })).toBe(false);
        await ledger.dropLease('pass', 'b');
        expect(await ledger.takeLease('pass', { ...mine, at: later(2_000) })).toBe(true);
      });

      it('swaps a note only for whoever saw its latest version', async () => {
        expect(await ledger.readNote('n')).toBeUndefined();
        expect(await ledger.swapNote('n', 'one', 7)).toBe(false);
        expect(await ledger.swapNote('n', 'one', undefined)).toBe(true);
        expect(await ledger.swapNote('n', 'other', undefined)).toBe(false);
        const first = await ledger.readNote('n');
        expect(first?.text).toBe('one');
        expect(await ledger.swapNote('n', 'two', first?.version)).toBe(true);
        expect(await ledger.swapNote('n', 'late', first?.version)).toBe(false);
        expect((await ledger.readNote('n'))?.text).toBe('two');
      });

      it('lets one of many swaps at once win', async () => {
        await ledger.swapNote('n', '0', undefined);
        const note = await ledger.readNote('n');
        const won = await Promise.all(
          Array.from({ length: 10 }, (_, at) => ledger.swapNote('n', String(at), note?.version)),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
      });

      it('counts a night once per run and forgets on success', async () => {
        expect(await ledger.countNight('task 1', 'n1')).toBe(1);
        expect(await ledger.countNight('task 1', 'n1')).toBe(1);
        expect(await ledger.countNight('task 1', 'n2')).toBe(2);
        expect(await ledger.countNight('task 2', 'n2')).toBe(1);
        expect(await ledger.nights(['task 1', 'task 2', 'task 3'])).toEqual(
          new Map([
            ['task 1', 2],
            ['task 2', 1],
          ]),
        );
        await ledger.forgetNights('task 1');
        expect(await ledger.nights(['task 1'])).toEqual(new Map());
      });

      it('hands the failures of a run over once', async () => {
        await ledger.openRun(newRun('r1'));
        await ledger.handOver('r1', 'n1');
        await ledger.handOver('r1', 'n2');
        expect((await ledger.run('r1'))?.handedTo).toBe('n1');
      });

      it('lists the runs of some operations', async () => {
        await ledger.openRun(newRun('r1'));
        await ledger.openRun(newRun('r2', { operation: 'cos-batch-job' }));
        const { items } = await ledger.runs({ operations: ['cos-batch-job'] });
        expect(items.map(({ runId }) => runId)).toEqual(['r2']);
      });
    });
  });
}
