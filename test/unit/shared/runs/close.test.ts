/** Who closes a run, when, and how often, while others are at it. */
import { describe, expect, it } from 'vitest';
import { runLeaseName } from '../../../../shared/ledger/lease.ts';
import type { Ledger } from '../../../../shared/ledger/ledger.ts';
import type { Run } from '../../../../shared/ledger/model.ts';
import { NO_TALLY } from '../../../../shared/ledger/tally.ts';
import { stageRejected } from '../../../../shared/manifest/staging.ts';
import type { NewMessage } from '../../../../shared/reporting/webhooks/message.ts';
import { cancelRun } from '../../../../shared/runs/cancel.ts';
import { closeIfDone } from '../../../../shared/runs/close.ts';
import { saveRetryRequests } from '../../../../shared/runs/retry-requests.ts';
import { type ReportName, reportKey } from '../../../../shared/stores/layout.ts';
import { newRun, newShard } from '../../../contract/ledger.ts';
import { cause, setup } from './setup.ts';

const REPORTS = ['failed.csv', 'rejected.csv', 'summary.json'];

/** A run of which everything is final, one of its objects a failure. */
async function done() {
  const given = await setup();
  const { ledger, objects, record, runId } = given;
  await given.read();
  for (const line of [1, 2, 3]) await record(line, {});
  await record(4, { state: 'failed', cause: cause('NotFound', 'source') });
  const told: NewMessage[] = [];
  const written: string[] = [];
  const put: typeof objects.put = (key, content) => {
    written.push(key.slice(key.lastIndexOf('/') + 1));
    return objects.put(key, content);
  };
  const options = {
    ...given,
    objects: { ...objects, put },
    maxAttempts: 3,
    settleMs: 60_000,
    outbox: { add: async (message: NewMessage) => void told.push(message) },
  };
  const read = async () => (await ledger.run(runId)) as Run;
  const close = (change: Partial<Ledger> = {}) =>
    closeIfDone(runId, { ...options, ledger: { ...ledger, ...change } });
  const reports = () => written.filter((name) => REPORTS.includes(name));
  return { ...given, close, objects: options.objects, options, read, reports, told };
}

describe('a run is closed', () => {
  it('once, though two do it at once: one set of reports, one message', async () => {
    const { close, read, reports, told } = await done();
    expect((await Promise.all([close(), close()])).sort()).toEqual([false, true]);
    expect(await read()).toMatchObject({ state: 'completed' });
    expect(reports()).toEqual(REPORTS);
    expect(told).toHaveLength(1);
  });

  it('by nobody while another closes it, or goes on with it', async () => {
    const { close, ledger, now, read, reports, runId, told } = await done();
    const name = runLeaseName(runId);
    await ledger.takeLease(name, { owner: 'another', at: now(), leaseMs: 90_000 });
    expect(await close()).toBe(false);
    expect([(await read()).state, reports(), told]).toEqual(['active', [], []]);
    await ledger.dropLease(name, 'another');
    expect(await close()).toBe(true);
  });

  it('by nobody while a retry is asked', async () => {
    const { close, ledger, now, read, reports, runId } = await done();
    await saveRetryRequests(ledger, runId, [{ at: now().getTime(), classes: ['source'] }]);
    expect(await close()).toBe(false);
    expect([(await read()).state, reports()]).toEqual(['active', []]);
    await saveRetryRequests(ledger, runId, []);
    expect(await close()).toBe(true);
  });

  it.each<[string, (given: Awaited<ReturnType<typeof done>>) => Promise<unknown>, Run['state']]>([
    ['ordered something', ({ record }) => record(4, { state: 'planned', attempt: 2 }), 'active'],
    ['cancelled it', (given) => cancelRun({ runId: given.runId } as Run, given), 'cancelled'],
    [
      'asked for a retry',
      ({ ledger, now, runId }) =>
        saveRetryRequests(ledger, runId, [{ at: now().getTime(), classes: ['source'] }]),
      'active',
    ],
  ])('by nobody when another %s just before its turn came', async (_name, act, state) => {
    const given = await done();
    const takeLease: Ledger['takeLease'] = async (...lease) => {
      await act(given);
      return given.ledger.takeLease(...lease);
    };
    expect(await given.close({ takeLease })).toBe(false);
    expect(await given.read()).toMatchObject({ state });
    expect([given.reports(), given.told]).toEqual([[], []]);
  });

  it('no second time when another closed it just before its turn came', async () => {
    const { close, ledger, read, reports, told } = await done();
    const takeLease: Ledger['takeLease'] = async (...lease) => {
      expect(await close()).toBe(true);
      return ledger.takeLease(...lease);
    };
    expect(await close({ takeLease })).toBe(false);
    expect(await read()).toMatchObject({ state: 'completed' });
    expect([reports(), told.length]).toEqual([REPORTS, 1]);
  });

  it('by nobody when something was ordered while its reports were written', async () => {
    const { objects, options, read, record, runId, told } = await done();
    const put: typeof objects.put = async (key, content) => {
      if (key.endsWith('summary.json')) await record(4, { state: 'planned', attempt: 2 });
      return objects.put(key, content);
    };
    expect(await closeIfDone(runId, { ...options, objects: { ...objects, put } })).toBe(false);
    expect([(await read()).state, told]).toEqual(['active', []]);
  });
});

describe('the reports of a run that is being closed', () => {
  /** As many objects as lines, each a shard of its own; all failed. */
  async function long() {
    const given = await done();
    const { ledger, now, objects } = given;
    const runId = 'long';
    await ledger.openRun(newRun(runId, { createdAt: now() }));
    await ledger.activateRun(runId, { shardCount: SHARDS, sizeBytes: 100 * SHARDS });
    for (let index = 0; index < SHARDS; index += 1) {
      const [start, end] = [100 * index, 100 * index + 100];
      const shard = { ...newShard(runId, index), start, end };
      const lease = { owner: 'w', at: now(), leaseMs: 1 };
      await ledger.openShard(shard, lease);
      const object = { url: `http://o.example/${index}`, key: `k${index}` };
      await ledger.record(`${runId}.${index}.0`, {
        ...{ state: 'failed', attempt: 1, accepted: [], at: now(), event: 'refused', object },
        cause: cause('NotFound', 'source'),
      });
      const quarantined = [
        { line: 1, byteOffset: start, text: 'x', reason: 'URL_MISSING', message: 'm', fix: 'f' },
      ] as const;
      await stageRejected(objects, shard, quarantined as never);
      const tally = {
        ...NO_TALLY,
        first: start,
        last: end,
        lines: 2,
        transfers: 1,
        quarantined: 1,
      };
      await ledger.endShard(shard, lease, tally);
    }
    const text = async (name: ReportName) =>
      Buffer.concat(await Array.fromAsync(objects.read(reportKey(runId, name)))).toString('utf8');
    const close = (reportsUntil?: Date) =>
      closeIfDone(runId, { ...given.options, ...(reportsUntil && { reportsUntil }) });
    return { ...given, close, runId, text };
  }
  const SHARDS = 40;
  const NAMES = ['failed.csv', 'rejected.csv'] as const;

  it('are written over as many sweeps as they take, each line once', async () => {
    const { clock, close, ledger, now, runId, text } = await long();
    let sweeps = 1;
    // Each time there is time for one step alone.
    for (; !(await close(now())); sweeps += 1) {
      expect((await ledger.run(runId))?.state).toBe('active');
      clock.at += 300_000;
      expect(sweeps).toBeLessThan(200);
    }
    expect(sweeps).toBeGreaterThan(10);
    const [failed, rejected] = await Promise.all(NAMES.map(text));
    const whole = await long();
    expect(await whole.close()).toBe(true);
    expect(failed).toBe(await whole.text('failed.csv'));
    expect(rejected).toBe(await whole.text('rejected.csv'));
    expect(failed?.trimEnd().split('\r\n')).toHaveLength(1 + SHARDS);
    expect(rejected?.trimEnd().split('\r\n')).toHaveLength(1 + SHARDS);
    const { failures, reports } = JSON.parse(await text('summary.json'));
    expect(failures).toEqual([expect.objectContaining({ code: 'NotFound', count: SHARDS })]);
    expect(reports).toEqual(JSON.parse(await whole.text('summary.json')).reports);
  });

  it('begin anew when what was written is gone, or a transfer changed since', async () => {
    const { clock, close, ledger, now, objects, runId, text } = await long();
    expect(await close(now())).toBe(false);
    await objects.put(reportKey(runId, 'failed.csv'), 'of somebody else');
    expect(await close(now())).toBe(false);
    clock.at += 300_000;
    const late = { state: 'succeeded', attempt: 1, accepted: [], at: now() } as const;
    await ledger.record(`${runId}.0.0`, { ...late, event: 'callback' });
    expect(await close()).toBe(true);
    expect((await text('failed.csv')).trimEnd().split('\r\n')).toHaveLength(SHARDS);
    expect(JSON.parse(await text('summary.json')).failures).toMatchObject([{ count: SHARDS - 1 }]);
  });
});

describe('a cancelled run is closed', () => {
  it('once what was under way must have ended, and no second time', async () => {
    const given = await done();
    const { clock, close, read, reports, runId, told } = given;
    await cancelRun({ runId } as Run, given);
    clock.at += 59_999;
    expect(await close()).toBe(false);
    clock.at += 1;
    expect(await close()).toBe(true);
    expect(await read()).toMatchObject({ state: 'cancelled', closedAt: given.now() });
    clock.at += 1;
    expect(await close()).toBe(false);
    expect([reports(), told.length]).toEqual([REPORTS, 1]);
  });
});
