/**
 * Starts of tasks and creations of jobs that wait for their turn, against the simulators: what ends
 * their run meanwhile holds for them. The limiter goes by virtual time.
 */

import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { BatchJobRef, OmsTaskRef, TransferTask } from '../../shared/ledger/model.ts';
import { readEnv } from '../../shared/lib/env.ts';
import { StoreError, TransportError } from '../../shared/lib/errors.ts';
import { createSend, type Send } from '../../shared/lib/http.ts';
import { createLimiter } from '../../shared/limits/limiter.ts';
import { connectOms } from '../../shared/providers/huawei/oms/connect.ts';
import { createStarter } from '../../shared/providers/huawei/oms/start-task.ts';
import { createCosBatchClient } from '../../shared/providers/tencent/batch/client.ts';
import { createBatchCreator } from '../../shared/providers/tencent/batch/create-job.ts';
import { openTaskRun, taskTransferId } from '../../shared/runs/task-runs.ts';
import { createCosSigner } from '../../shared/signing/cos.ts';
import { openSqliteFile } from '../../shared/stores/sqlite/file.ts';
import { createSqliteLedger } from '../../shared/stores/sqlite/ledger.ts';
import { huawei as huaweiConfig } from '../../shared/wiring/config/huawei.ts';
import { ACCOUNT, DEFAULT_KEYS, startSimulator } from '../../simulator/main.ts';
import { REGION as BATCH_REGION, jobRequest } from '../fixtures/batch.ts';
import { huaweiCalls, plainCalls } from '../fixtures/calls.ts';
import { openSets } from '../fixtures/credential-sets.ts';
import { temporaryFolder } from '../fixtures/stores.ts';
import { createVirtualTime } from '../fixtures/virtual-time.ts';

const PROJECT = '0123456789abcdef0123456789abcdef';
const REGION = 'cn-north-4';
const RUN = 'r1';
const TRANSFER = taskTransferId(RUN, 0);

const omsRef = (version: 'v1' | 'v2', taskId: string): OmsTaskRef => ({
  kind: 'oms',
  version,
  region: REGION,
  projectId: PROJECT,
  taskId,
  credentials: 'default',
});

/** One ledger file with two of its users, a limiter of one call a second, and the simulators. */
async function setup(task: TransferTask) {
  const sim = await startSimulator({ huawei: true, samples: true });
  onTestFinished(() => sim.close());
  const file = openSqliteFile(`${temporaryFolder()}/waybill.db`);
  onTestFinished(() => file.close());
  const [ledger, other] = [createSqliteLedger(file), createSqliteLedger(file)];
  const time = createVirtualTime();
  const now = () => new Date(time.now());
  await openTaskRun(
    ledger,
    { runId: RUN, trigger: 'http', operation: 'oms-v2-start-task', createdAt: now() },
    [task],
    now(),
  );
  const limiter = createLimiter({
    requestsPerSecond: 1,
    inFlight: 4,
    retry: { maxSends: 1 },
    now: time.now,
    wait: time.wait,
  });
  /** Goes on until `isOver`, with everything real in between. */
  const until = async (isOver: () => boolean) => {
    while (!isOver()) {
      await time.run(100);
      await setImmediate();
    }
  };
  return { sim, ledger, other, limiter, now, time, until };
}

type Setup = Awaited<ReturnType<typeof setup>>;

function starterOf(
  { sim, ledger, limiter, now }: Setup,
  env: Readonly<Record<string, string>> = {},
  send: Send = createSend(),
) {
  const config = readEnv({ ...sim.huawei?.env(), ...env }, huaweiConfig);
  const sets = openSets(config.sets);
  const openBreaker = huaweiCalls(() => limiter);
  const open = connectOms({ config, sets, openBreaker, send });
  return createStarter({ ledger, open, sets, now, wait: async () => {} });
}

const startsOf = ({ sim }: Setup): number =>
  Object.values(sim.huawei?.stats().starts ?? {}).reduce((sum, starts) => sum + starts, 0);

const callsOf = ({ sim }: Setup): number =>
  Object.values(sim.huawei?.stats().calls ?? {}).reduce((sum, count) => sum + count, 0);

/** Its intent is written, while time stands still. */
const isSubmitting = async ({ ledger }: Setup): Promise<void> =>
  expect.poll(async () => (await ledger.read(TRANSFER))?.state).toBe('submitting');

/** In this process, or in another one, of which only the ledger tells. */
const CANCELLED = [
  ['in this process', ({ ledger }: Setup): Ledger => ledger],
  ['in another process', ({ other }: Setup): Ledger => other],
] as const;

describe.each(CANCELLED)('a run that is cancelled %s', (_where, whose) => {
  it.each(['v1', 'v2'] as const)(
    'has no %s task started that waits for its turn',
    async (version) => {
      const ref = omsRef(version, version === 'v1' ? '16' : '4042');
      const world = await setup(ref);
      const starter = starterOf(world);
      const starting = starter.start(TRANSFER, ref, 1);
      // The task was read; its start waits.
      await world.until(() => callsOf(world) > 0);
      await isSubmitting(world);
      await whose(world).stopRun(RUN, { state: 'cancelled', at: world.now() });
      let isOver = false;
      const outcome = starting.finally(() => (isOver = true));
      await world.until(() => isOver);
      expect(await outcome).toEqual({ kind: 'stopped' });
      expect(startsOf(world)).toBe(0);
      expect(await world.ledger.read(TRANSFER)).toMatchObject({ state: 'cancelled', attempt: 1 });
    },
  );

  it('leaves a task that waits for its turn as it was, when it is paused instead', async () => {
    const ref = omsRef('v2', '4042');
    const world = await setup(ref);
    const starter = starterOf(world);
    const starting = starter.start(TRANSFER, ref, 1);
    await world.until(() => callsOf(world) > 0);
    await isSubmitting(world);
    await whose(world).stopRun(RUN, { state: 'paused', at: world.now() });
    let isOver = false;
    const outcome = starting.finally(() => (isOver = true));
    await world.until(() => isOver);
    expect(await outcome).toEqual({ kind: 'stopped' });
    expect(startsOf(world)).toBe(0);
    expect(await world.ledger.read(TRANSFER)).toMatchObject({ state: 'planned', attempt: 2 });

    await world.ledger.resumeRun(RUN, world.now());
    isOver = false;
    const started = starter.start(TRANSFER, ref, 2).finally(() => (isOver = true));
    await world.until(() => isOver);
    expect(await started).toMatchObject({ kind: 'started' });
    expect(startsOf(world)).toBe(1);
  });

  it('has no Batch job created that waits for its turn', async () => {
    const ref: BatchJobRef = {
      kind: 'batch',
      region: BATCH_REGION,
      clientRequestToken: 'c',
      marker: 'm',
    };
    const world = await setup(ref);
    const { sim, ledger, limiter, now } = world;
    const breaker = plainCalls(limiter);
    await breaker.run(async () => {});
    const sign = createCosSigner({ credentials: DEFAULT_KEYS });
    const creator = createBatchCreator({
      client: createCosBatchClient({
        endpoint: sim.batchUrl,
        ...ACCOUNT,
        send: createSend(),
        sign,
      }),
      config: ACCOUNT,
      breaker,
      ledger,
      objects: { head: async () => undefined },
      now,
      wait: async () => {},
    });
    const creating = creator.create(TRANSFER, { ref, job: jobRequest() as never });
    await isSubmitting(world);
    await whose(world).stopRun(RUN, { state: 'cancelled', at: now() });
    let isOver = false;
    const outcome = creating.finally(() => (isOver = true));
    await world.until(() => isOver);
    expect(await outcome).toEqual({ kind: 'stopped' });
    expect(sim.stats().batchCreates).toBe(0);
    expect(await ledger.read(TRANSFER)).toMatchObject({ state: 'cancelled', attempt: 1 });
  });
});

it('a token is fetched when the turn of its call has come, and what ended meanwhile is not sent', async () => {
  const ref = omsRef('v2', '4042');
  const world = await setup(ref);
  const plain = createSend();
  const sent: string[] = [];
  const send: Send = async (request) => {
    const isToken = request.path.endsWith('/v3/auth/tokens');
    sent.push(isToken ? 'token' : request.method);
    // The run ends while the token is fetched.
    if (isToken) await world.other.stopRun(RUN, { state: 'cancelled', at: world.now() });
    return plain(request);
  };
  await plainCalls(world.limiter).run(async () => {});
  const starter = starterOf(world, { HUAWEICLOUD_AUTH: 'token' }, send);
  const starting = starter.start(TRANSFER, ref, 1);
  await world.time.run(900);
  await setImmediate();
  expect(sent).toEqual([]);
  let isOver = false;
  const outcome = starting.finally(() => (isOver = true));
  await world.until(() => isOver);
  expect(await outcome).toEqual({ kind: 'stopped' });
  expect(sent).toEqual(['token']);
});

it('a token that is not answered starts nothing: the transfer fails, and is not left open', async () => {
  const ref = omsRef('v2', '4042');
  const world = await setup(ref);
  const plain = createSend();
  const lost = { isOn: false };
  const send: Send = async (request) => {
    if (request.path.endsWith('/v3/auth/tokens') && lost.isOn) {
      throw new TransportError('TRANSPORT_TIMEOUT', 'lost', 'unknown');
    }
    return plain(request);
  };
  const starter = starterOf(world, { HUAWEICLOUD_AUTH: 'token' }, send);
  const reading = starter.read(ref);
  let isRead = false;
  void reading.finally(() => (isRead = true));
  await world.until(() => isRead);
  const starting = starterOf(world, { HUAWEICLOUD_AUTH: 'token' }, send).start(
    TRANSFER,
    ref,
    1,
    await reading,
  );
  lost.isOn = true;
  let isOver = false;
  const outcome = starting.finally(() => (isOver = true));
  await world.until(() => isOver);
  expect(await outcome).toMatchObject({ kind: 'refused', cause: { code: 'TRANSPORT_TIMEOUT' } });
  expect(startsOf(world)).toBe(0);
  expect(await world.ledger.read(TRANSFER)).toMatchObject({ state: 'failed' });
});

describe.each(['v1', 'v2'] as const)(
  'a %s task is never refused for a fault of the ledger',
  (version) => {
    it.each([
      ['before its start is sent', 0],
      ['after it was accepted', 1],
    ])('%s', async (_when, starts) => {
      const ref = omsRef(version, version === 'v1' ? '16' : '4042');
      const world = await setup(ref);
      let faults = 1;
      const fail = (isNow: boolean) => {
        if (isNow && faults-- > 0) throw new StoreError('the disk is full');
      };
      const ledger: Ledger = {
        ...world.ledger,
        async record(transferId, update) {
          fail(starts === 1 && update.event === 'accepted');
          return world.ledger.record(transferId, update);
        },
        async run(runId) {
          const transfer = await world.ledger.read(TRANSFER);
          fail(starts === 0 && transfer?.state === 'submitting');
          return world.ledger.run(runId);
        },
      };
      let isOver = false;
      const outcome = starterOf({ ...world, ledger })
        .start(TRANSFER, ref, 1)
        .catch((error: unknown) => error)
        .finally(() => (isOver = true));
      await world.until(() => isOver);
      expect(startsOf(world)).toBe(starts);
      expect(await world.ledger.read(TRANSFER)).toMatchObject({ state: 'submitting' });
      expect(await outcome).toMatchObject({ code: 'STORE_FAILED' });
    });
  },
);
