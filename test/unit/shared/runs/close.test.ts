/** Who closes a run, when, and how often, while others are at it. */
import { describe, expect, it } from 'vitest';
import { runLeaseName } from '../../../../shared/ledger/lease.ts';
import type { Ledger } from '../../../../shared/ledger/ledger.ts';
import type { Run } from '../../../../shared/ledger/model.ts';
import type { NewMessage } from '../../../../shared/reporting/webhooks/message.ts';
import { cancelRun } from '../../../../shared/runs/cancel.ts';
import { closeIfDone } from '../../../../shared/runs/close.ts';
import { saveRetryRequests } from '../../../../shared/runs/retry-requests.ts';
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
