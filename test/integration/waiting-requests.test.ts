/**
 * Requests that wait for their turn, against a provider on loopback: whatever is decided while they
 * wait holds for them (`test/fixtures/cases/retry-after-booked-requests`). Virtual time.
 */

import { expect, it, vi } from 'vitest';
import { createHandler, type Deps } from '../../functions/cos-offline-fetch.ts';
import type { Run } from '../../shared/ledger/model.ts';
import type { Shard } from '../../shared/ledger/shard.ts';
import { createClock } from '../../shared/lib/clock.ts';
import { createSend, type Send } from '../../shared/lib/http.ts';
import { createLimiter } from '../../shared/limits/limiter.ts';
import { createShardReader } from '../../shared/manifest/shards.ts';
import { createCosFetchClient } from '../../shared/providers/tencent/offline-fetch/client.ts';
import { cancelRun } from '../../shared/runs/cancel.ts';
import { createPlanner } from '../../shared/runs/plan.ts';
import { tencentCalls } from '../fixtures/calls.ts';
import { type Reply, startPeer } from '../fixtures/http.ts';
import { loadJson } from '../fixtures/load.ts';
import { silentLog } from '../fixtures/log.ts';
import { openStores } from '../fixtures/stores.ts';
import { createVirtualTime } from '../fixtures/virtual-time.ts';

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | object;
}

const input = loadJson('test/fixtures/cases/retry-after-booked-requests/input.json') as {
  readonly requestsPerSecond: number;
  readonly inFlight: number;
  readonly objects: number;
  readonly answers: Readonly<Record<string, Answer>>;
};

const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';

const replyOf = ({ body, ...reply }: Answer = { status: 200, body: '' }): Reply => ({
  ...reply,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** From the sending to the answer. */
const LATENCY_MS = 40;

/** A worker of the embedded service with one planned run; `answers` by number from 1, and `others`. */
async function setup({
  answers = input.answers,
  objects = input.objects,
  requestsPerSecond = input.requestsPerSecond,
  ...change
}: Partial<Pick<typeof input, 'answers' | 'objects' | 'requestsPerSecond'>> &
  Partial<Pick<Deps, 'resolve'>> = {}) {
  const stores = openStores();
  const { ledger, queue } = stores;
  const time = createVirtualTime();
  const now = () => new Date(time.now());
  const peer = await startPeer();
  const last = Math.max(
    0,
    ...Object.keys(answers)
      .filter((name) => name !== 'others')
      .map(Number),
  );
  peer.answer(
    ...Array.from({ length: last + 1 }, (_, n) => replyOf(answers[n + 1] ?? answers['others'])),
  );
  const manifest = Array.from({ length: objects }, (_, n) => `http://o.example/${n},${n}\n`);
  await stores.objects.put(KEY, `url,key\n${manifest.join('')}`);
  const sent: number[] = [];
  const post = createSend({ connections: input.inFlight });
  const send: Send = async (request) => {
    sent.push(time.now());
    const answer = await time.during(post(request));
    await time.wait(LATENCY_MS);
    return answer;
  };
  const limiter = createLimiter({
    requestsPerSecond,
    inFlight: input.inFlight,
    now: time.now,
    wait: time.wait,
    random: () => 0,
  });
  const planner = createPlanner({ ...stores, shardBytes: 1e6, log: silentLog, now });
  const { runId } = await planner.plan(await planner.find(KEY), 'upload');
  const handle = createHandler({
    client: createCosFetchClient({
      endpoint: peer.origin,
      onKeyExist: 'override',
      send,
      sign: (request) => request,
      clock: createClock({ now }),
    }),
    breaker: tencentCalls(limiter),
    each: limiter.each,
    ledger,
    log: silentLog,
    objects: stores.objects,
    queue,
    read: createShardReader({ objects: stores.objects }),
    resolve: () => Promise.reject(new Error('nothing is open here')),
    settleMs: 60_000,
    urls: () => ({
      successCallbackUrl: 'http://w.example/s',
      failureCallbackUrl: 'http://w.example/f',
    }),
    now,
    ...change,
  });
  /** Works on the queued shards until they end. */
  const work = async () => {
    const messages = await queue.receive(10, 60_000);
    await Promise.all(
      messages.map(({ messageId, receipt, body }) =>
        handle({
          Records: [
            {
              messageId,
              receiptHandle: receipt,
              body,
              attributes: { ApproximateReceiveCount: '1' },
              messageAttributes: {},
              eventSource: 'aws:sqs',
            },
          ],
        }),
      ),
    );
  };
  const start = time.now();
  /** Requests that left in a span, in milliseconds since the start. */
  const sentIn = (from: number, to: number) =>
    sent.filter((at) => at >= start + from && at < start + to).length;
  return { ...stores, now, runId, sent, sentIn, start, time, work };
}

/** Lets virtual time go on until `isOver`. */
async function runUntil(time: { run(ms: number): Promise<void> }, isOver: () => boolean) {
  await vi.waitFor(
    async () => {
      await time.run(20);
      expect(isOver()).toBe(true);
    },
    { timeout: 20_000, interval: 0 },
  );
}

it('G8: what waits for its turn heeds a Retry-After, and the smaller rate after it', async () => {
  const { sent, sentIn, start, time, work } = await setup();
  await finish(time, work());
  expect(sent).toHaveLength(201);
  const refusedAt = (sent[9] as number) + LATENCY_MS - start;
  expect(sentIn(refusedAt + 1, refusedAt + 3_000)).toBe(0);
  // Behind the burst with which it goes on.
  const after = sent.filter((at) => at >= start + refusedAt + 3_100).slice(0, 20);
  const gaps = after.slice(1).map((at, n) => at - (after[n] as number));
  expect(Math.min(...gaps)).toBeGreaterThan(1_000 / input.requestsPerSecond + 0.5);
  expect(Math.max(...gaps)).toBeLessThan(40);
});

const refusedKey: Answer = {
  status: 403,
  body: '<Error><Code>InvalidAccessKeyId</Code><Message>no such key</Message></Error>',
};

/** Waits in virtual time until the worker has ended. */
async function finish(time: { run(ms: number): Promise<void> }, working: Promise<unknown>) {
  let isDone = false;
  const done = working.finally(() => {
    isDone = true;
  });
  await runUntil(time, () => isDone);
  await done;
}

it('G8: a refused key is tried twice, and the run fails without sending the rest', async () => {
  const { ledger, runId, sent, time, work } = await setup({
    answers: { others: refusedKey },
    objects: 300,
  });
  await finish(time, work());
  expect(sent.length).toBeLessThanOrEqual(3);
  expect(await ledger.run(runId)).toMatchObject({
    state: 'failed',
    error: { code: 'InvalidAccessKeyId', class: 'credentials' },
  });
});

it('sends nothing once the run is cancelled in this process, and leaves no intent open', async () => {
  const world = await setup({
    answers: { others: input.answers['others'] as Answer },
    objects: 300,
    requestsPerSecond: 10,
  });
  const { ledger, now, runId, sent, time, work } = world;
  const working = work();
  await runUntil(time, () => sent.length >= 15);
  await cancelRun({ runId } as Run, { ledger, log: silentLog, now });
  const atCancel = sent.length;
  await finish(time, working);
  expect(sent.length).toBe(atCancel);
  const { items } = await ledger.transfers(runId, { limit: 1_000 });
  expect(items.filter(({ state }) => state === 'submitted')).toHaveLength(atCancel);
  expect(items.filter(({ state }) => state === 'submitting')).toEqual([]);
  // Whoever goes on with it sends the others as if nobody had touched them.
  await ledger.reopenRun(runId, 'active');
  const [record] = await Array.fromAsync(ledger.shards(runId));
  const opened = await ledger.openShard(record?.shard as Shard, {
    owner: 'w',
    at: now(),
    leaseMs: 1,
  });
  if (typeof opened === 'string') throw new Error(opened);
  for (let line = 1; line <= 300; line += 1) {
    const isOpen = opened.windows.some(({ through }) => line < through);
    const hasRow = opened.settled(line) || opened.transfers.has(line);
    expect(isOpen && !hasRow, `line ${line}`).toBe(false);
  }
});

it('sends nothing more of a refused request that waits for its next try when the run is cancelled', async () => {
  const world = await setup({ answers: { others: input.answers['10'] as Answer }, objects: 20 });
  const { ledger, now, runId, sent, time, work } = world;
  const working = work();
  await runUntil(time, () => sent.length > 0);
  await time.run(1_000);
  const atCancel = sent.length;
  await cancelRun({ runId } as Run, { ledger, log: silentLog, now });
  await finish(time, working);
  expect(sent.length).toBe(atCancel);
});
