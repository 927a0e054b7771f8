import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../shared/ledger/ledger.ts';
import type { PlannedTransfer } from '../../../shared/ledger/manifest-lines.ts';
import { progressOf } from '../../../shared/ledger/run-numbers.ts';
import { parseShard } from '../../../shared/ledger/shard.ts';
import { NO_TALLY, type Tally } from '../../../shared/ledger/tally.ts';
import type { Cause } from '../../../shared/lib/errors.ts';
import { createShardReader } from '../../../shared/manifest/shards.ts';
import { readTimetable, requestPass } from '../../../shared/runs/nightly/timetable.ts';
import { pauseRun } from '../../../shared/runs/pause.ts';
import { isStuck } from '../../../shared/runs/reconcile/stuck.ts';
import { newRun, newShard } from '../../contract/ledger.ts';
import { silentLog } from '../../fixtures/log.ts';
import { AT, PROJECT, REGION, setupNights } from '../../fixtures/nights.ts';

const place = {
  region: REGION,
  projectId: PROJECT,
  apiVersion: 'v2',
  dstBucket: 'target',
} as const;
const nightOf = (day: number) => ({
  time: new Date(AT.getTime() + day * 86_400_000).toISOString(),
});
const failure = (code: string, kind: Cause['class']): Cause => ({
  provider: 'tencent',
  code,
  message: 'm',
  class: kind,
});

/** A closed run with one failed transfer per cause, and one that succeeded. */
async function closedRun(ledger: Ledger, runId: string, causes: readonly Cause[], night?: number) {
  const shard = { ...newShard(runId), ...(night !== undefined && { night }) };
  const lease = { owner: 'w', at: AT, leaseMs: 1 };
  await ledger.openRun(newRun(runId));
  await ledger.openShard(shard, lease);
  for (const [line, cause] of causes.entries()) {
    const object = { url: `http://o.example/${line}`, key: `k${line}`, md5: 'a'.repeat(32) };
    const known = { state: 'failed', attempt: 3, accepted: [], at: AT, event: 'poll' } as const;
    await ledger.record(`${runId}.0.${line}`, { ...known, cause, object });
  }
  const object = { url: 'http://o.example/ok', key: 'ok' };
  const good = {
    state: 'succeeded',
    attempt: 1,
    accepted: [],
    at: AT,
    event: 'poll',
    object,
  } as const;
  await ledger.record(`${runId}.0.${causes.length}`, good);
  const count = causes.length + 1;
  const tally: Tally = {
    first: 0,
    last: 100,
    lines: count,
    header: 0,
    blank: 0,
    quarantined: 0,
    transfers: count,
    warnings: {},
  };
  await ledger.endShard(shard, lease, tally);
  await ledger.activateRun(runId, { shardCount: 1, sizeBytes: 100 });
  await ledger.closeRun(runId, AT);
}

describe('retry-failed-objects: OMS', () => {
  it('starts with failed objects only where they were recorded, whole otherwise', async () => {
    const { huawei, night } = await setupNights();
    const failedObjects = [{ key: 'a', code: 'UPLOAD_DST_OBJ_FAILURE', message: 'reset' }];
    const listed = huawei.tasks.add({ ...place, status: 4, failedObjects });
    const unlisted = huawei.tasks.add({ ...place, status: 4, recording: false });
    const old = huawei.tasks.add({ ...place, apiVersion: 'v1', status: 4, failedObjects });
    const urls = huawei.tasks.add({ ...place, status: 4, taskType: 'url_list' });
    expect(await night()).toMatchObject({ planned: 4, started: 4, remaining: 0 });
    expect(listed.lastStart).toMatchObject({ migrate_failed_object: true });
    expect(unlisted.lastStart).toMatchObject({ migrate_failed_object: false });
    expect(old.lastStart).toMatchObject({ migration_failed_object: true });
    expect(urls.lastStart).not.toHaveProperty('src_ak');
  });

  it('retries a group instead of its tasks', async () => {
    const { huawei, night, sweepAll, summaryOf } = await setupNights();
    const group = huawei.groups.add({ ...place, errorCode: 'TRF.0001' });
    const part = huawei.tasks.add({ ...place, status: 4, groupId: group.id });
    const answer = await night();
    expect(answer).toMatchObject({ planned: 1, started: 1, left: 1 });
    expect([group.starts, part.starts]).toEqual([1, 0]);
    await expect.poll(() => group.status).toBe(6);
    await sweepAll();
    const { nightly, counts } = await summaryOf(answer.runId ?? '');
    expect(counts).toMatchObject({ succeeded: 1, failed: 0 });
    expect(nightly.left).toMatchObject([{ reason: 'TASK_IN_GROUP', count: 1 }]);
  });

  it('tries a task on so many nights and no more, and counts anew after a success', async () => {
    const { huawei, night, sweepAll, clock, ledger } = await setupNights({ maxNights: 2 });
    const fails = { status: 4, errorCode: 'TRF.0001' } as const;
    const task = huawei.tasks.add({ ...place, ...fails, outcome: [fails, fails, fails] });
    const oneNight = async (day: number) => {
      clock.at = new Date(nightOf(day).time);
      const answer = await night(nightOf(day));
      await expect.poll(() => task.status === 4 || task.status === 5).toBe(true);
      await sweepAll();
      return answer;
    };
    expect(await oneNight(0)).toMatchObject({ started: 1, left: 0 });
    expect(await oneNight(1)).toMatchObject({ started: 1, left: 0 });
    expect(await oneNight(2)).toMatchObject({ planned: 0, started: 0, left: 1 });
    expect(task.starts).toBe(2);
    // A person starts it, it succeeds under our eyes, and later fails once more.
    const key = `oms v2 ${REGION} ${PROJECT} ${task.id}`;
    expect((await ledger.nights([key])).get(key)).toBe(2);
    await ledger.forgetNights(key);
    expect(await oneNight(3)).toMatchObject({ started: 1, left: 0 });
  });

  it('begins a pass that was requested, once', async () => {
    const { huawei, night, ledger } = await setupNights();
    const task = huawei.tasks.add({ ...place, status: 4, errorCode: 'TRF.0001' });
    const more = { detail: { continue: true } };
    expect(await night(more)).toMatchObject({ runId: null });
    await requestPass(ledger, AT);
    // Somebody else asks for one before it has begun.
    await requestPass(ledger, new Date(AT.getTime() + 1_000));
    expect(await night(more)).toMatchObject({ planned: 1, started: 1 });
    expect(await readTimetable(ledger)).toEqual({});
    await night(more);
    expect(task.starts).toBe(1);
    expect((await ledger.runs({ operations: ['retry-failed-objects'] })).items).toHaveLength(1);
  });

  it('forgets the nights of a task that succeeds', async () => {
    const { huawei, night, sweepAll, ledger } = await setupNights();
    const task = huawei.tasks.add({ ...place, status: 4, errorCode: 'TRF.0001' });
    await night();
    const key = `oms v2 ${REGION} ${PROJECT} ${task.id}`;
    expect((await ledger.nights([key])).get(key)).toBe(1);
    await expect.poll(() => task.status).toBe(5);
    await sweepAll();
    expect((await ledger.nights([key])).get(key)).toBeUndefined();
  });

  it('goes on with what had no room, and a new night takes over what is left', async () => {
    const { huawei, night, clock, ledger } = await setupNights({
      // The clock runs out while the region stays full.
      wait: async () => {
        clock.at = new Date(clock.at.getTime() + 800_000);
      },
    });
    const running = Array.from({ length: 5 }, () => huawei.tasks.add({ ...place, status: 2 }));
    const task = huawei.tasks.add({ ...place, status: 4, errorCode: 'TRF.0001' });
    const first = await night(nightOf(0));
    expect(first).toMatchObject({ planned: 1, started: 0, remaining: 1 });
    for (const other of running) other.status = 5;
    const again = await night({ detail: { continue: true } });
    expect(again).toMatchObject({ runId: first.runId, started: 1, remaining: 0 });
    expect(task.starts).toBe(1);

    const late = huawei.tasks.add({ ...place, status: 4, errorCode: 'TRF.0001' });
    for (const other of running) other.status = 2;
    const second = await night(nightOf(1));
    expect(second).toMatchObject({ remaining: 1 });
    for (const other of running) other.status = 5;
    const third = await night(nightOf(2));
    expect(third).toMatchObject({ started: 1, remaining: 0 });
    expect(late.starts).toBe(1);
    expect((await ledger.run(second.runId ?? ''))?.counts.cancelled).toBe(1);
  });

  it('G8: starts no more in a region than there is room for, and nothing more once it is throttled', async () => {
    const { huawei, night } = await setupNights({
      faults: [{ api: 'oms-start', kind: 'too-many-requests', rate: 1, retryAfterSeconds: 0 }],
    });
    for (let at = 0; at < 2; at += 1) huawei.tasks.add({ ...place, status: 2 });
    for (let at = 0; at < 9; at += 1) {
      huawei.tasks.add({ ...place, status: 4, errorCode: 'TRF.0001' });
    }
    // Three of five slots are free, and all three starts are throttled.
    expect(await night()).toMatchObject({ planned: 9, started: 0, refused: 3, remaining: 6 });
  });

  it('G8: counts what runs in the region of every project and version that it has tasks of', async () => {
    const other = 'fedcba9876543210fedcba9876543210';
    const { clock, huawei, night } = await setupNights({
      runMs: 60_000,
      otherProjects: [other],
      env: { WAYBILL_OMS_PROJECTS: `${REGION}/${other}` },
      wait: async () => {
        clock.at = new Date(clock.at.getTime() + 800_000);
      },
    });
    for (const projectId of [PROJECT, other]) {
      for (const apiVersion of ['v1', 'v2'] as const) {
        huawei.tasks.add({ ...place, projectId, apiVersion, status: 2 });
        huawei.tasks.add({ ...place, projectId, apiVersion, status: 4, errorCode: 'TRF.0001' });
      }
    }
    expect(await night()).toMatchObject({ planned: 4, started: 1, remaining: 3 });
  });

  it.each([
    ['taken', 'reset-after', 1],
    ['never taken', 'reset-before', 0],
  ] as const)(
    'counts the night of a start that was not answered, %s',
    async (_name, kind, starts) => {
      const { huawei, ledger, night } = await setupNights({
        runMs: 60_000,
        faults: [{ api: 'oms-start', kind, rate: 1 }],
      });
      const task = huawei.tasks.add({ ...place, status: 4, errorCode: 'TRF.0001' });
      expect(await night()).toMatchObject({ planned: 1, started: 1, already: 0 });
      expect(task.starts).toBe(starts);
      const key = `oms v2 ${REGION} ${PROJECT} ${task.id}`;
      expect((await ledger.nights([key])).get(key)).toBe(1);
    },
  );

  it('starts nothing more of a pass that is cancelled while it waits for room', async () => {
    const { huawei, night, ledger } = await setupNights({
      wait: async () => {
        const [run] = (await ledger.runs({ operations: ['retry-failed-objects'] })).items;
        await ledger.stopRun(run?.runId ?? '', { state: 'cancelled', at: AT });
        for (const other of running) other.status = 5;
      },
    });
    const running = Array.from({ length: 5 }, () => huawei.tasks.add({ ...place, status: 2 }));
    const task = huawei.tasks.add({ ...place, status: 4, errorCode: 'TRF.0001' });
    expect(await night(nightOf(0))).toMatchObject({ planned: 1, started: 0, remaining: 1 });
    expect(task.starts).toBe(0);
  });

  /** A pass of one task, paused while it waits for room. */
  async function pausedPass() {
    const given = await setupNights({
      wait: async () => {
        const [run] = (await given.ledger.runs({ operations: ['retry-failed-objects'] })).items;
        await pauseRun(run?.runId ?? '', { ...given, log: silentLog, now: () => AT });
        for (const other of running) other.status = 5;
      },
    });
    const { huawei } = given;
    const running = Array.from({ length: 5 }, () => huawei.tasks.add({ ...place, status: 2 }));
    const task = huawei.tasks.add({ ...place, status: 4, errorCode: 'TRF.0001' });
    const { runId, ...answer } = await given.night(nightOf(0));
    expect(answer).toMatchObject({ planned: 1, started: 0, remaining: 1 });
    return { ...given, task, runId: String(runId) };
  }

  it('starts nothing of a paused pass, however long it is, until it is resumed', async () => {
    const { clock, ledger, night, runId, sweepAll, task } = await pausedPass();
    clock.at = new Date(AT.getTime() + 30 * 3_600_000);
    await sweepAll();
    expect(await night({ detail: { continue: true } })).toMatchObject({ runId: null });
    expect(await ledger.run(runId)).toMatchObject({ state: 'paused', counts: { planned: 1 } });
    await ledger.resumeRun(runId, clock.at);
    expect(await night({ detail: { continue: true } })).toMatchObject({ runId, started: 1 });
    expect(task.starts).toBe(1);
  });

  it('takes over what a paused pass has not started', async () => {
    const { ledger, night, runId, task } = await pausedPass();
    expect(await night(nightOf(1))).toMatchObject({ planned: 1, started: 1 });
    await ledger.resumeRun(runId, AT);
    expect(await night({ detail: { continue: true } })).toMatchObject({ started: 0 });
    expect((await ledger.run(runId))?.counts).toMatchObject({ planned: 0, cancelled: 1 });
    expect(task.starts).toBe(1);
  });

  it('one firing, told twice, is one pass; a later moment is another', async () => {
    const { huawei, night } = await setupNights();
    huawei.tasks.add({ ...place, status: 4, errorCode: 'TRF.0001', outcome: { status: 4 } });
    const first = await night(nightOf(0));
    const repeated = await night(nightOf(0));
    expect(repeated).toMatchObject({ runId: first.runId, started: 0 });
    expect((await night(nightOf(1))).runId).not.toBe(first.runId);
  });

  it('takes the credential set that names the source bucket', async () => {
    const { huawei, night, ledger } = await setupNights({
      sets: { photos: { srcAk: 'p', srcSk: 'p', dstAk: 'd', dstSk: 'd', sourceBuckets: ['pics'] } },
    });
    const task = huawei.tasks.add({
      ...place,
      status: 4,
      errorCode: 'TRF.0001',
      srcBucket: 'pics',
    });
    const { runId } = await night();
    expect(task.lastStart).toMatchObject({ src_ak: 'p' });
    expect((await ledger.read(`${runId}.0.0`))?.task).toMatchObject({ credentials: 'photos' });
  });

  it.each([{ time: 'tomorrow' }, { detail: { continue: 'yes' } }, { detail: 'not JSON' }])(
    'refuses the event %j',
    async (event) => {
      const { night } = await setupNights();
      await expect(night(event)).rejects.toMatchObject({ code: 'EVENT_INVALID' });
    },
  );
});

describe('retry-failed-objects: COS fetches', () => {
  const transient = failure('SourceTimeout', 'transient');
  const source = failure('NotFound', 'source');

  it('sends again what another night may help, as shards of its own run, once', async () => {
    const { night, ledger, queue, objects, summaryOf, sweepAll } = await setupNights();
    const wrong = failure('InvalidArgument', 'request');
    await closedRun(ledger, 'r1', [transient, wrong, source]);
    await closedRun(ledger, 'r2', [failure('SlowDown', 'throttled')]);
    const { runId, ...answer } = await night(nightOf(0));
    expect(answer).toMatchObject({ planned: 0, fetches: 3, left: 1 });
    const opened = await ledger.run(String(runId));
    expect(opened && progressOf(opened)).toMatchObject({ done: 0, total: 3, isEstimate: false });
    const messages = await queue.receive(10, 1_000);
    const shards = messages.map(({ body }) => parseShard(body));
    expect(shards.map(({ index, night: nights }) => [index, nights])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    const read = createShardReader({ objects, allowHttps: false });
    const sent: PlannedTransfer[] = [];
    for (const shard of shards) {
      expect(shard.runId).toBe(runId);
      const reading = read(shard);
      for await (const batch of reading) sent.push(...batch);
      const lease = { owner: 'w', at: AT, leaseMs: 1_000 };
      await ledger.openShard(shard, lease);
      for (const { id } of sent.filter((each) => each.id.startsWith(shard.id))) {
        const done = {
          state: 'succeeded',
          attempt: 1,
          accepted: [],
          at: AT,
          event: 'poll',
        } as const;
        await ledger.record(id, done);
      }
      await ledger.endShard(shard, lease, reading.tally);
    }
    expect(sent.map(({ key, md5 }) => [key, md5]).sort()).toEqual([
      ['k0', 'a'.repeat(32)],
      ['k0', 'a'.repeat(32)],
      ['k2', 'a'.repeat(32)],
    ]);
    expect((await ledger.run('r1'))?.handedTo).toBe(runId);
    // Its shards tile its bytes, so it closes.
    await sweepAll();
    const summary = await summaryOf(runId ?? '');
    expect(summary).toMatchObject({ state: 'completed', counts: { succeeded: 3, failed: 0 } });
    expect(summary.nightly.left).toMatchObject([{ reason: 'InvalidArgument', count: 1 }]);
    expect(await night(nightOf(1))).toMatchObject({ fetches: 0, left: 0 });
  });

  it('reads what to send from the manifest where a callback alone told of the failure', async () => {
    const { ledger, night, objects, queue, summaryOf, sweepAll } = await setupNights();
    const close = async (runId: string, key: string, line: string) => {
      const { etag } = await objects.put(key, `url,key,md5,size,onKeyExist\n${line}\n`);
      const columns = { url: 0, key: 1, md5: 2, size: 3, onKeyExist: 4 };
      const layout = { ...newShard(runId).layout, columns };
      const shard = { ...newShard(runId), layout, object: { key, etag, offset: 0 } };
      const lease = { owner: 'w', at: AT, leaseMs: 1 };
      await ledger.openRun(newRun(runId));
      await ledger.openShard(shard, lease);
      await ledger.record(`${runId}.0.1`, {
        ...{ state: 'failed', attempt: 1, accepted: [], at: AT, event: 'callback' },
        cause: transient,
      });
      await ledger.endShard(shard, lease, { ...NO_TALLY, lines: 2, header: 1, transfers: 1 });
      await ledger.activateRun(runId, { shardCount: 1, sizeBytes: 100 });
      await ledger.closeRun(runId, AT);
    };
    await close('r1', 'here.csv', 'http://o.example/a,a,,9007199254740993,ignore');
    await close('r2', 'gone.csv', 'http://o.example/b,b,');
    await objects.remove('gone.csv');
    const { runId, fetches } = await night();
    expect(fetches).toBe(1);
    const [message] = await queue.receive(10, 1_000);
    const shard = parseShard(message?.body ?? '');
    const lines = (await Array.fromAsync(createShardReader({ objects })(shard))).flat();
    expect(lines).toMatchObject([
      { url: 'http://o.example/a', key: 'a', size: '9007199254740993', onKeyExist: 'ignore' },
    ]);

    await ledger.record(`${runId}.1.0`, {
      ...{ state: 'succeeded', attempt: 1, accepted: [], at: AT, event: 'callback' },
    });
    const opened = { owner: 'w', at: AT, leaseMs: 1 };
    await ledger.openShard(shard, opened);
    const { end: last, start: first } = shard;
    await ledger.endShard(shard, opened, { ...NO_TALLY, first, last, lines: 1, transfers: 1 });
    await sweepAll();
    const { nightly } = await summaryOf(runId ?? '');
    expect(nightly.left).toMatchObject([{ reason: 'SOURCE_UNKNOWN', examples: ['r2.0.1'] }]);
  });

  it('gives up after so many nights, and says so', async () => {
    const { night, ledger, summaryOf, sweepAll } = await setupNights({ maxNights: 3 });
    await closedRun(ledger, 'r1', [source], 3);
    await closedRun(ledger, 'r2', [source], 2);
    const { runId, ...answer } = await night(nightOf(0));
    expect(answer).toMatchObject({ fetches: 1, left: 1 });
    await sweepAll();
    expect((await ledger.run(runId ?? ''))?.state).toBe('active');
    await expect(summaryOf(runId ?? '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('leaves alone what is older than a month, and runs that go on', async () => {
    const { night, ledger, clock } = await setupNights();
    await closedRun(ledger, 'old', [transient]);
    clock.at = new Date(AT.getTime() + 31 * 86_400_000);
    expect(await night()).toMatchObject({ fetches: 0 });
  });

  it('sends nothing before all of its plan is kept, and repeats one that a call left', async () => {
    const { huawei, night, ledger, queue } = await setupNights();
    const failing = { ...place, status: 4, errorCode: 'TRF.0001' } as const;
    const tasks = [huawei.tasks.add(failing), huawei.tasks.add(failing)];
    await closedRun(ledger, 'r1', [transient]);
    const activate = ledger.activateRun;
    Object.assign(ledger, { activateRun: () => Promise.reject(new Error('the process died')) });
    await expect(night(nightOf(0))).rejects.toThrow('the process died');
    expect(await queue.receive(10, 1_000)).toEqual([]);
    expect(tasks.map(({ starts }) => starts)).toEqual([0, 0]);
    Object.assign(ledger, { activateRun: activate });
    // What has failed since is added.
    tasks.push(huawei.tasks.add(failing));
    await closedRun(ledger, 'r2', [source]);
    const { runId, ...answer } = await night({ detail: { continue: true } });
    expect(answer).toMatchObject({ planned: 3, started: 3, fetches: 2 });
    const run = await ledger.run(runId ?? '');
    expect(run).toMatchObject({ state: 'active', plan: { totals: { transfers: 5 } } });
    const shards = (await queue.receive(10, 1_000)).map(({ body }) => parseShard(body));
    expect(shards.map(({ index, start }) => [index, start])).toEqual([
      [1, 3],
      [2, shards[0]?.end],
    ]);
    expect(shards[1]?.end).toBe(run?.plan?.sizeBytes);
    for (const each of ['r1', 'r2']) expect((await ledger.run(each))?.handedTo).toBe(runId);
    expect(tasks.map(({ starts }) => starts)).toEqual([1, 1, 1]);
  });

  it('is finished by a later call when it died while it wrote its tasks down', async () => {
    const { huawei, night, ledger, clock } = await setupNights();
    const tasks = [1, 2, 3].map(() =>
      huawei.tasks.add({ ...place, status: 4, errorCode: 'TRF.0001' }),
    );
    const { record } = ledger;
    let rows = 0;
    Object.assign(ledger, {
      record: (...given: Parameters<typeof record>) => {
        rows += 1;
        return rows === 2 ? Promise.reject(new Error('the process died')) : record(...given);
      },
    });
    await expect(night(nightOf(0))).rejects.toThrow('the process died');
    Object.assign(ledger, { record });
    clock.at = new Date(AT.getTime() + 60_000);
    const resumed = await night({ detail: { continue: true } });
    expect(resumed).toMatchObject({ planned: 3, started: 3, remaining: 0 });
    expect(tasks.map(({ starts }) => starts)).toEqual([1, 1, 1]);
  });
});

it('a pass leaves the tasks of migrations to them, which count what becomes of them', async () => {
  const { huawei, ledger, night } = await setupNights();
  await ledger.openRun({ ...newRun('r1'), trigger: 'migration', migrationId: 'm1' });
  await ledger.openRun(newRun('r2'));
  const tasks = ['r1', 'r2', 'unknown'].map((runId) =>
    huawei.tasks.add({
      ...place,
      status: 4,
      created: { description: `of somebody [waybill:${runId}.0.0]` },
    }),
  );
  await night(nightOf(1));
  expect(tasks.map(({ starts }) => starts)).toEqual([0, 1, 1]);
});

it('a pass whose region is full is not stuck', async () => {
  const made = await setupNights({
    // Each look at the region ends its call.
    wait: async () => {
      made.clock.at = new Date(made.clock.at.getTime() + 3_600_000);
    },
  });
  const { clock, huawei, ledger, night } = made;
  huawei.tasks.add({ ...place, status: 4 });
  for (let taken = 0; taken < 5; taken += 1) huawei.tasks.add({ ...place, status: 2 });
  const { runId } = await night(nightOf(0));
  if (runId === null) throw new Error('no pass');
  const stuck = async () => {
    const run = await ledger.run(runId);
    const shards = await Array.fromAsync(ledger.shards(runId));
    return run && isStuck(run, shards, { ledger, now: () => clock.at });
  };
  clock.at = new Date(AT.getTime() + 9 * 3_600_000);
  expect(await stuck(), 'nobody looked').toBe(true);
  await night({ detail: { continue: true } });
  expect(await stuck()).toBe(false);
});
