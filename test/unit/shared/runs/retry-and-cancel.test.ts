import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createShardReader } from '../../../../shared/manifest/shards.ts';
import { stageRejected } from '../../../../shared/manifest/staging.ts';
import { applyRetries } from '../../../../shared/runs/apply-retries.ts';
import { cancelRun } from '../../../../shared/runs/cancel.ts';
import { retryRun } from '../../../../shared/runs/retry.ts';
import { readRetryRequests } from '../../../../shared/runs/retry-requests.ts';
import { isRequested } from '../../../../shared/runs/retry-rules.ts';
import { cause, checkedReports, closed, KEY, MANIFEST, REJECTED, setup, textOf } from './setup.ts';

describe('retrying', () => {
  it('orders failures of the wished classes under the next attempt, and queues their shard', async () => {
    const { received, rows, runId, state, ...options } = await closed();
    expect(await retryRun(runId, ['source'], options)).toBe(2);
    expect(await state()).toBe('active');
    expect((await rows()).map((row) => `${row.line} ${row.state} ${row.attempt}`)).toEqual([
      '1 succeeded 1',
      '2 planned 2',
      '3 failed 1',
      '4 planned 2',
    ]);
    expect(await received()).toHaveLength(1);
    expect((await options.ledger.run(runId))?.closedAt).toBeUndefined();
  });

  it('orders all that had ended, also by a clock behind that of whoever closed the run', async () => {
    const { clock, rows, runId, ...options } = await closed();
    clock.at -= 3_600_000;
    expect(await retryRun(runId, undefined, options)).toBe(3);
    expect((await rows()).map(({ state }) => state).sort()).toEqual([
      ...['planned', 'planned', 'planned', 'succeeded'],
    ]);
  });

  it('closes the run again with new reports once all is final', async () => {
    const { record, runId, state, sweep, objects, clock, ...options } = await closed();
    await retryRun(runId, undefined, { ...options, objects });
    for (const line of [2, 3]) await record(line, { attempt: 2, accepted: [] });
    await sweep();
    expect(await state()).toBe('active');
    await record(4, { attempt: 2, state: 'failed', cause: cause('NotFound', 'source') });
    clock.at += 1_000;
    await sweep();
    expect(await state()).toBe('completed');
    const summary = await textOf(objects, `reports/${runId}/summary.json`);
    expect(JSON.parse(summary)).toMatchObject({ counts: { succeeded: 3, failed: 1 } });
    expect((await textOf(objects, `reports/${runId}/failed.csv`)).split('\r\n')).toHaveLength(3);
  });

  it('queues what can be read: a packed manifest is unpacked anew', async () => {
    const given = await setup(gzipSync(MANIFEST), `${KEY}.gz`);
    await given.read();
    for (const line of [1, 2, 3]) await given.record(line, {});
    await given.record(4, { state: 'failed', cause: cause('NotFound', 'source') });
    await given.sweep();
    expect(await given.state()).toBe('completed');
    given.clock.at += 1_000;
    expect(await retryRun(given.runId, undefined, given)).toBe(1);
    const shards = await given.received();
    expect(shards.length).toBeGreaterThan(0);
    const read = createShardReader(given);
    const keys = await Promise.all(shards.map((shard) => Array.fromAsync(read(shard))));
    expect(keys.flat(2).map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('keeps rejected.csv of the first closing, whatever is read again', async () => {
    const given = await setup();
    const { objects, runId, shard } = given;
    await stageRejected(objects, shard, [REJECTED]);
    await given.read({ lines: 6, quarantined: 1 });
    for (const line of [1, 2, 3]) await given.record(line, {});
    await given.record(4, { state: 'failed', cause: cause('NotFound', 'source') });
    await given.sweep();
    const before = await textOf(objects, `reports/${runId}/rejected.csv`);
    expect(before).toContain('https://o.example/e');
    given.clock.at += 1_000;
    await retryRun(runId, undefined, given);
    await stageRejected(objects, shard, [REJECTED]);
    await given.record(4, { attempt: 2 });
    await given.sweep();
    expect(await given.state()).toBe('completed');
    expect(await textOf(objects, `reports/${runId}/rejected.csv`)).toBe(before);
    expect(await checkedReports(objects, runId)).toEqual(['failed.csv', 'rejected.csv']);
  });

  it('goes on where an earlier call died after it had reopened the run', async () => {
    const { ledger, received, rows, runId, state, sweep, ...options } = await closed();
    let writes = 0;
    const breaking: typeof ledger = {
      ...ledger,
      record: async (id, report) => {
        writes += 1;
        if (writes > 1) throw new Error('it died');
        return ledger.record(id, report);
      },
    };
    await expect(retryRun(runId, ['source'], { ...options, ledger: breaking })).rejects.toThrow(
      'it died',
    );
    expect(await state()).toBe('active');
    // The sweeper finishes it, and does not close the run before.
    await sweep();
    expect(await state()).toBe('active');
    expect((await rows()).filter((row) => row.state === 'planned')).toHaveLength(2);
    expect(await readRetryRequests(ledger, runId)).toEqual([]);
    expect(await received()).toHaveLength(1);
  });

  it('does not order what failed again after the wish', async () => {
    const { ledger, queue, record, runId, now, clock, ...options } = await closed();
    await retryRun(runId, undefined, { ledger, queue, now, ...options });
    clock.at += 1_000;
    await record(2, { attempt: 2, state: 'failed', cause: cause('NotFound', 'source') });
    const shards = await Array.fromAsync(ledger.shards(runId));
    const deadline = new Date(clock.at + 1_000);
    const requeued = await applyRetries(runId, shards, {
      ...options,
      ledger,
      queue,
      deadline,
      now,
    });
    expect(requeued).toBe(0);
  });

  it('refuses what it can not help, and changes nothing', async () => {
    const given = await closed();
    const { ledger, objects, runId, state } = given;
    await expect(retryRun(runId, ['quota'], given)).rejects.toMatchObject({
      code: 'NOTHING_TO_RETRY',
    });
    await objects.put(KEY, `${MANIFEST}http://o.example/z,z,\n`);
    await expect(retryRun(runId, undefined, given)).rejects.toMatchObject({
      code: 'MANIFEST_CHANGED',
    });
    await ledger.handOver(runId, 'the-pass');
    await expect(retryRun(runId, undefined, given)).rejects.toMatchObject({
      code: 'RUN_STATE',
      message: expect.stringContaining('the-pass'),
    });
    expect(await state()).toBe('completed');
  });

  it('goes on with a run that was cancelled: what was never read too', async () => {
    const given = await setup();
    const { ledger, runId, received, state, shard } = given;
    await cancelRun({ runId } as never, given);
    expect(await ledger.openShard(shard, given.lease)).toBe('stopped');
    given.clock.at += 61_000;
    await given.sweep();
    expect((await ledger.run(runId))?.closedAt).toBeDefined();
    expect(await retryRun(runId, undefined, given)).toBe(0);
    expect(await state()).toBe('active');
    expect((await received()).map(({ id }) => id)).toEqual([shard.id]);
    expect(typeof (await ledger.openShard(shard, { ...given.lease, at: given.now() }))).toBe(
      'object',
    );
  });
});

it('a retry request means what had ended before it, and nothing that ended since', () => {
  const at = Date.parse('2026-11-20T02:00:00Z');
  const row = (ms: number) => ({
    state: 'failed' as const,
    attempt: 1,
    cause: cause('NotFound', 'source'),
    history: [],
    updatedAt: new Date(at + ms),
  });
  for (const request of [{ at }, { at, classes: ['source' as const] }]) {
    expect([-1, 0, 1].map((ms) => isRequested([request], row(ms)))).toEqual([true, true, false]);
  }
  expect(isRequested([{ at, classes: ['quota'] }], row(0))).toBe(false);
  // Told again later, by a second callback, it had ended before all the same.
  const told = { at: new Date(at - 1), attempt: 1, event: 'callback', state: 'failed' } as const;
  expect(isRequested([{ at }], { ...row(1), history: [told] })).toBe(true);
});

describe('cancelling', () => {
  it('stops what is not sent, waits for what the provider has, and then closes', async () => {
    const given = await setup();
    const { ledger, objects, runId, record, sweep } = given;
    await given.read();
    await record(1, {});
    await record(2, { state: 'submitted', accepted: ['1:t'] });
    await record(3, { state: 'planned', attempt: 2 });
    await record(4, { state: 'submitting' });
    await cancelRun({ runId } as never, given);
    await sweep();
    expect((await ledger.run(runId))?.closedAt).toBeUndefined();
    given.clock.at += 61_000;
    await sweep();
    expect((await given.rows()).map((row) => row.state)).toEqual([
      'succeeded',
      'submitted',
      'cancelled',
      'cancelled',
    ]);
    expect((await ledger.run(runId))?.closedAt).toBeUndefined();
    await record(2, {});
    given.clock.at += 1_000;
    await sweep();
    const run = await ledger.run(runId);
    expect(run).toMatchObject({ state: 'cancelled', closedAt: new Date(given.clock.at) });
    const summary = JSON.parse(await textOf(objects, `reports/${runId}/summary.json`));
    expect(summary).toMatchObject({
      state: 'cancelled',
      counts: { succeeded: 2, cancelled: 2, planned: 0 },
    });
  });

  it('counts a success that is told after all', async () => {
    const given = await setup();
    await given.read();
    for (const line of [1, 2, 3]) await given.record(line, {});
    await given.record(4, { state: 'submitting' });
    await cancelRun({ runId: given.runId } as never, given);
    given.clock.at += 61_000;
    await given.sweep();
    await given.record(4, {});
    expect((await given.rows()).map((row) => row.state)).toEqual(Array(4).fill('succeeded'));
  });

  it('is done once: again it is nothing new, and of a completed run it is refused', async () => {
    const given = await setup();
    const run = { runId: given.runId } as never;
    await cancelRun(run, given);
    await cancelRun(run, given);
    expect(await given.state()).toBe('cancelled');
    const other = await closed();
    await expect(cancelRun({ runId: other.runId } as never, other)).rejects.toMatchObject({
      code: 'RUN_STATE',
    });
  });
});
