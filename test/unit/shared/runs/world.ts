/**
 * One run, those who work on it and those who steer it, on one clock: any of them may die at any of
 * its calls to a store. The provider is a model that knows what it has taken.
 */

import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { createHandler as createWorker } from '../../../../functions/cos-offline-fetch.ts';
import { createHandler as createSweep } from '../../../../functions/sweep.ts';
import type { Ledger } from '../../../../shared/ledger/ledger.ts';
import {
  type CauseClass,
  ProviderError,
  TransportError,
  WaybillError,
} from '../../../../shared/lib/errors.ts';
import { createLimiter } from '../../../../shared/limits/limiter.ts';
import { createShardReader } from '../../../../shared/manifest/shards.ts';
import type { CosObject } from '../../../../shared/providers/tencent/objects.ts';
import type {
  CosFetchClient,
  FetchTask,
} from '../../../../shared/providers/tencent/offline-fetch/client.ts';
import { createFetchStatus } from '../../../../shared/providers/tencent/offline-fetch/status.ts';
import { cancelRun } from '../../../../shared/runs/cancel.ts';
import { pauseRun } from '../../../../shared/runs/pause.ts';
import { createPlanner } from '../../../../shared/runs/plan.ts';
import { resumeRun } from '../../../../shared/runs/resume.ts';
import { retryRun } from '../../../../shared/runs/retry.ts';
import type { Objects } from '../../../../shared/stores/objects.ts';
import { tencentCalls } from '../../../fixtures/calls.ts';
import { silentLog } from '../../../fixtures/log.ts';
import { openStores } from '../../../fixtures/stores.ts';
import { KEY, START } from './setup.ts';

export const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const MANIFEST = `url,key,md5\n${NAMES.map((name) => `http://o.example/${name},${name},\n`).join('')}`;
/** A line or two each: more shards than are on the queue at a time. */
const SHARD_BYTES = 28;
const SETTLE_MS = 60_000;

/** What the provider took. */
interface Taken {
  readonly key: string;
  readonly transferId: string;
  readonly attempt: number;
  readonly taskId: string;
  readonly arrives: boolean;
}

/** Everything of the store dies with its n-th call. */
function mortal<Store extends object>(store: Store, life: { calls: number }): Store {
  const step = async (): Promise<void> => {
    await setImmediate();
    life.calls -= 1;
    if (life.calls < 0) throw new Error('it died');
  };
  return new Proxy(store, {
    get(target, name, receiver) {
      const call = Reflect.get(target, name, receiver);
      if (typeof call !== 'function') return call;
      if (name === 'read' && 'bucket' in target) {
        return async function* (...given: unknown[]) {
          await step();
          yield* call.apply(target, given);
        };
      }
      if (name === 'list' || name === 'shards') {
        return async function* (...given: unknown[]) {
          await step();
          yield* call.apply(target, given);
        };
      }
      return async (...given: unknown[]) => {
        await step();
        return call.apply(target, given);
      };
    },
  });
}

/** As in a bucket: pieces that are unpacked once more are the same bytes, and so the same version. */
const likeBucket = (objects: Objects): Objects => ({
  ...objects,
  read(key, { ifMatch, ...range } = {}) {
    const isPiece = key.startsWith('staging/') || ifMatch === undefined;
    return objects.read(key, isPiece ? range : { ...range, ifMatch });
  },
});

/** @param open another ledger than that of the embedded service, by a clock */
export async function openWorld(random: () => number, open?: (now: () => Date) => Ledger) {
  const clock = { at: START };
  const now = () => new Date(clock.at);
  const embedded = openStores();
  const stores = { ...embedded, ledger: open?.(now) ?? embedded.ledger };
  const waiting: string[] = [];
  const taken: Taken[] = [];
  const told = new Set<string>();
  const faults: string[] = [];
  const arrived = new Map<string, CosObject>();
  const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 4, retry: { maxSends: 1 } });

  const take = ({ key, ...task }: FetchTask): Taken => {
    const [transferId = '', attempt] = (task.successCallbackUrl ?? '').split(' ');
    const fate = { key, transferId, attempt: Number(attempt), taskId: `t${taken.length}` };
    const before = taken.find((each) => each.key === key && each.arrives);
    if (before) faults.push(`${key} was sent as ${before.attempt} and again as ${attempt}`);
    const one = { ...fate, arrives: random() < 0.6 };
    taken.push(one);
    if (one.arrives) arrived.set(key, { etag: 'x-1', lastModifiedAt: now() } as CosObject);
    return one;
  };
  const client: CosFetchClient = {
    async submit(_target, task) {
      await setImmediate();
      const chance = random();
      if (chance < 0.1) {
        const kind = chance < 0.05 ? 'source' : 'transient';
        const refusal = { provider: 'tencent', providerCode: 'No', status: 400 } as const;
        throw new ProviderError('no', { ...refusal, class: kind });
      }
      if (chance < 0.2) {
        if (chance < 0.15) take(task);
        throw new TransportError('TRANSPORT_TIMEOUT', 'no answer', 'unknown');
      }
      return { taskId: take(task).taskId } as Awaited<ReturnType<CosFetchClient['submit']>>;
    },
    async progress(_target, taskId) {
      const one = taken.find((each) => each.taskId === taskId);
      const state = one?.arrives ? 'succeeded' : 'failed';
      return { state, code: 'Gone', message: 'm' } as Awaited<
        ReturnType<CosFetchClient['progress']>
      >;
    },
  };
  const hasArrived = async ({ key }: { readonly key: string }) => arrived.has(key);

  /** What one of them works with, until it dies. */
  const view = (calls: number) => {
    const life = { calls };
    const queue = { send: async (bodies: readonly string[]) => void waiting.push(...bodies) };
    const ledger = mortal<Ledger>(stores.ledger, life);
    const objects = mortal(likeBucket(stores.objects), life);
    const planner = createPlanner({
      ledger,
      objects,
      queue: mortal(queue, life),
      shardBytes: SHARD_BYTES,
      log: silentLog,
      now,
    });
    return { ledger, objects, planner, queue: mortal(queue, life), now, log: silentLog };
  };

  const isPacked = random() < 0.3;
  const key = isPacked ? `${KEY}.gz` : KEY;
  await stores.objects.put(key, isPacked ? gzipSync(MANIFEST) : MANIFEST);
  const { planner } = view(1e9);
  const { runId } = await planner.plan(await planner.find(key), 'upload');
  const run = async () => stores.ledger.run(runId);

  const actions = {
    /** The first messages, one worker each; what fails comes back. */
    async work(calls: number, messages = 1): Promise<void> {
      const each = waiting.splice(0, messages).map(async (body, at) => {
        const { ledger, objects, queue } = view(calls);
        const handle = createWorker({
          breaker: tencentCalls(limiter),
          client,
          each: limiter.each,
          ledger,
          log: silentLog,
          objects,
          queue,
          read: createShardReader({ objects }),
          resolve: hasArrived,
          settleMs: SETTLE_MS,
          urls: (id, attempt) => ({
            successCallbackUrl: `${id} ${attempt}`,
            failureCallbackUrl: '',
          }),
          now,
        });
        const record = {
          messageId: `m${at}`,
          receiptHandle: 'r',
          body,
          attributes: { ApproximateReceiveCount: '1' },
          messageAttributes: {},
          eventSource: 'aws:sqs',
        };
        const { batchItemFailures } = await handle({ Records: [record] });
        if (batchItemFailures.length > 0) waiting.push(body);
      });
      await Promise.all(each);
    },
    /** The queue loses what waits. */
    async lose(): Promise<void> {
      waiting.length = 0;
    },
    /** The queue delivers what waits twice. */
    async double(): Promise<void> {
      waiting.push(...waiting);
    },
    async sweep(calls: number): Promise<void> {
      const { ledger, objects, planner, queue } = view(calls);
      const status = createFetchStatus({
        breaker: tencentCalls(limiter),
        client,
        objects: { head: async (_target, key) => arrived.get(key) },
        now,
      });
      await createSweep({
        ledger,
        objects,
        queue,
        pollers: {},
        hasArrived,
        log: silentLog,
        lost: { each: limiter.each, status },
        lostAfterMs: 900_000,
        maxAttempts: 2,
        now,
        replan: { planner },
        settleMs: SETTLE_MS,
      })();
    },
    async retry(calls: number, classes?: readonly CauseClass[]): Promise<void> {
      await retryRun(runId, classes, view(calls));
    },
    async cancel(calls: number): Promise<void> {
      await cancelRun({ runId } as never, view(calls));
    },
    async pause(calls: number): Promise<void> {
      await pauseRun(runId, view(calls));
    },
    async resume(calls: number): Promise<void> {
      await resumeRun(runId, view(calls));
    },
    /** Tells outcomes, some for the second time. */
    async callbacks(calls: number): Promise<void> {
      const { ledger } = view(calls);
      for (const { arrives, attempt, taskId, transferId } of taken) {
        if (random() < (told.has(taskId) ? 0.9 : 0.4)) continue;
        told.add(taskId);
        await ledger.record(transferId, {
          state: arrives ? 'succeeded' : 'failed',
          attempt,
          accepted: [],
          at: now(),
          event: 'callback',
          ...(!arrives && {
            cause: { provider: 'tencent', code: 'Gone', message: 'm', class: 'source' },
          }),
        });
      }
    },
  };

  /** A dead one's errors are nobody's, refusals are answers, and what others changed meanwhile is seen later. */
  const attempt = async (action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      const isDead = error instanceof Error && error.message === 'it died';
      if (!isDead && !(error instanceof WaybillError)) throw error;
    }
  };

  /** Everybody lives and does their part, until the run is closed or so much time has passed. */
  const settle = async (): Promise<void> => {
    for (let rounds = 0; rounds < 12 && !(await run())?.closedAt; rounds += 1) {
      clock.at += 1_260_000;
      await actions.work(1e9, waiting.length);
      await actions.sweep(1e9);
    }
  };

  return { ...stores, actions, attempt, clock, faults, run, runId, settle, taken };
}
