/**
 * A bad night: 1,500 failed tasks over two regions and both API versions, nearly a third of them
 * hopeless, some in groups, some running already, a third region that throttles every call, and a
 * project whose keys are wrong.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { AT, PROJECT, setupNights } from '../fixtures/nights.ts';
import { until } from '../fixtures/processes.ts';

const [NORTH, SOUTH, THROTTLED] = ['cn-north-4', 'ap-southeast-1', 'cn-south-1'];
const OTHER_PROJECT = 'fedcba9876543210fedcba9876543210';
const HOPELESS = ['TRF.0155', 'TRF.0057', 'TRF.0011', 'TRF.0160', 'TRF.0055'];
const WORTH = ['TRF.0001', 'TRF.0004', 'TRF.0061', undefined];
const KEYS = [
  { ak: 'HUAWEISIMULATOR00000', sk: 'simulator-secret-key-0000000000000000000' },
  { ak: 'OTHERACCOUNT00000000', sk: 'the-right-secret-of-the-other-account-00' },
];

it('a night of 1,500 failed tasks is one call, within every limit, and fully told', async () => {
  let overtaken: string[] = [];
  const setup = await setupNights({
    keys: KEYS,
    env: {
      WAYBILL_OMS_PROJECTS: [
        `${SOUTH}/${PROJECT}`,
        `${THROTTLED}/${PROJECT}`,
        `${NORTH}/${OTHER_PROJECT}@other`,
      ].join(','),
    },
    sets: {
      other: {
        srcAk: 's',
        srcSk: 's',
        dstAk: 'd',
        dstSk: 'd',
        sdkAk: 'OTHERACCOUNT00000000',
        sdkSk: 'not-the-secret-of-the-other-account-0000',
      },
    },
    faults: [
      { api: 'oms-read', kind: 'too-many-requests', key: `^${THROTTLED}/`, retryAfterSeconds: 0 },
      { api: 'oms-start', kind: 'too-many-requests', rate: 0.05, retryAfterSeconds: 0 },
    ],
    wait: async () => {
      // While the pass waits for room, somebody starts a few of its tasks by hand.
      for (const id of overtaken) {
        const task = huawei.tasks.get(id);
        if (task?.status === 4) task.status = 6;
      }
      overtaken = [];
      // A look every few milliseconds stands for one every 15 s: tasks run for 5 ms here.
      await sleep(8);
    },
  });
  const { huawei, night, ledger, sweepAll, summaryOf } = setup;

  const expected = { worth: 0, hopeless: 0, grouped: 0 };
  const worth: string[] = [];
  const groups = [NORTH, SOUTH].map((region) =>
    huawei.groups.add({ region: region ?? '', projectId: PROJECT, errorCode: 'TRF.0001' }),
  );
  for (let n = 0; n < 1_500; n += 1) {
    const region = (n % 2 === 0 ? NORTH : SOUTH) ?? '';
    const apiVersion = n % 5 < 2 ? 'v1' : 'v2';
    const isHopeless = n % 10 < 3;
    const isGrouped = !isHopeless && apiVersion === 'v2' && n % 40 === 9;
    const code = isHopeless
      ? HOPELESS[Math.floor(n / 10) % HOPELESS.length]
      : WORTH[n % WORTH.length];
    const failedObjects = [
      { key: `目录/${n}.bin`, code: 'UPLOAD_DST_OBJ_FAILURE', message: 'reset' },
    ];
    const { id } = huawei.tasks.add({
      apiVersion,
      region,
      projectId: PROJECT,
      status: 4,
      totalNum: 100,
      dstBucket: 'target',
      ...(code !== undefined && { errorCode: code }),
      ...(code === 'TRF.0004' && { failedObjects }),
      ...(isGrouped && { groupId: groups[n % 2]?.id ?? '' }),
    });
    if (isHopeless) expected.hopeless += 1;
    else if (isGrouped) expected.grouped += 1;
    else {
      expected.worth += 1;
      worth.push(id);
    }
  }
  overtaken = worth.slice(-7);
  const overtakenIds = new Set(overtaken);
  // Two tasks of somebody else run all night and take room.
  for (const region of [NORTH, SOUTH]) {
    const place = { region: region ?? '', projectId: PROJECT, status: 2 };
    for (const apiVersion of ['v1', 'v2'] as const) huawei.tasks.add({ ...place, apiVersion });
  }
  huawei.tasks.add({ apiVersion: 'v2', region: THROTTLED ?? '', projectId: PROJECT, status: 4 });
  huawei.tasks.add({ apiVersion: 'v2', region: NORTH ?? '', projectId: OTHER_PROJECT, status: 4 });

  const startedAt = performance.now();
  const [first, second] = await Promise.all([
    night({ time: AT.toISOString() }),
    night({ time: AT.toISOString() }),
  ]);
  const seconds = (performance.now() - startedAt) / 1_000;
  const [answer, joined] = first.joined ? [second, first] : [first, second];
  expect(joined).toMatchObject({ joined: true, runId: null });
  const restarted = expected.worth + groups.length - overtakenIds.size;
  expect(answer).toMatchObject({
    planned: expected.worth + groups.length,
    started: restarted,
    already: overtakenIds.size,
    refused: 0,
    remaining: 0,
  });

  // Within every limit: no task is started twice, none beyond five at once, no key is locked.
  const stats = huawei.stats();
  const starts = Object.entries(stats.starts).filter(([, count]) => count > 0);
  expect(starts.every(([, count]) => count === 1)).toBe(true);
  expect(starts.map(([id]) => id).sort()).toEqual(
    worth.filter((id) => !overtakenIds.has(id)).sort(),
  );
  expect(Object.values(stats.groupStarts)).toEqual([1, 1]);
  for (const most of Object.values(stats.mostRunning)) expect(most).toBeLessThanOrEqual(5);
  expect(stats.signatureRefusals).toBeLessThanOrEqual(2);
  expect(stats.lockedRefusals).toBe(0);
  // Failed objects only where they were recorded.
  for (const id of worth.filter((each) => !overtakenIds.has(each))) {
    const task = huawei.tasks.get(id);
    const { migrate_failed_object: v2, migration_failed_object: v1 } = task?.lastStart ?? {};
    expect(v2 ?? v1).toBe(task?.listFileKey !== undefined);
  }
  const calls = Object.values(stats.calls).reduce((sum, count) => sum + count, 0);
  // Read and start each, a look at the region per handful, and the lists.
  expect(calls).toBeLessThan(4 * (expected.worth + groups.length));

  const runId = answer.runId ?? '';
  for (const id of overtakenIds) {
    const task = huawei.tasks.get(id);
    if (task) Object.assign(task, { status: 5, failedNum: 0 });
  }
  await until(async () => {
    await sweepAll();
    return (await ledger.run(runId))?.state === 'completed' ? true : undefined;
  }, 5);
  const { counts, nightly } = await summaryOf(runId);
  expect(counts).toMatchObject({ succeeded: expected.worth + groups.length, failed: 0 });
  const left = Object.fromEntries(
    nightly.left.map(({ reason, count }: { reason: string; count: number }) => [reason, count]),
  );
  const hopeless = HOPELESS.reduce((sum, code) => sum + left[code], 0);
  expect(hopeless).toBe(expected.hopeless);
  expect(left['TASK_IN_GROUP']).toBe(expected.grouped);
  expect(left).toHaveProperty(['APIGW.0308']);
  expect(left).toHaveProperty(['APIGW.0301']);
  for (const group of nightly.left) expect(group.advice).not.toBe('');
  expect(nightly.places).toHaveLength(8);
  const { error } = nightly.places.find(
    ({ projectId }: { projectId: string }) => projectId === OTHER_PROJECT,
  );
  expect(error).toContain('APIGW.0301');

  process.stdout.write(
    `nightly: ${restarted} restarted of ${1_502}, ${calls} calls, ${seconds.toFixed(1)} s\n`,
  );
}, 120_000);
