import { describe, expect, it, onTestFinished } from 'vitest';
import type { EventHandler } from '../../../local/http.ts';
import { type PumpOptions, startPump } from '../../../local/pump.ts';
import { createLog } from '../../../shared/lib/log.ts';
import type { Queue } from '../../../shared/stores/queue.ts';
import { openSqliteFile } from '../../../shared/stores/sqlite/file.ts';
import { createSqliteQueue } from '../../../shared/stores/sqlite/queue.ts';
import { silentLog } from '../../fixtures/log.ts';
import { until } from '../../fixtures/processes.ts';

interface Records {
  readonly Records: readonly {
    readonly messageId: string;
    readonly body: string;
    readonly attributes: { readonly ApproximateReceiveCount: string };
  }[];
}

function setup(
  work: (body: string, receives: number) => Promise<void>,
  change: Partial<PumpOptions> = {},
  watch: (queue: Queue) => Queue = (queue) => queue,
) {
  const file = openSqliteFile(':memory:');
  const clock = { at: new Date('2026-11-20T02:00:00Z') };
  const queue = watch(createSqliteQueue(file, { name: 'q', now: () => clock.at }));
  const handler: EventHandler = async (event) => {
    const failures = [];
    for (const { messageId, body, attributes } of (event as Records).Records) {
      try {
        await work(body, Number(attributes.ApproximateReceiveCount));
      } catch {
        failures.push({ itemIdentifier: messageId });
      }
    }
    return { batchItemFailures: failures };
  };
  const pump = startPump({
    queue,
    handler,
    log: silentLog,
    concurrency: 2,
    retryMs: 1_000,
    idleMs: 5,
    ...change,
  });
  onTestFinished(async () => {
    await pump.stop();
    await file.close();
  });
  return { queue, pump, clock };
}

const empty = async (queue: ReturnType<typeof setup>['queue']) => {
  const { waiting, inFlight, dead } = await queue.depth();
  return waiting + inFlight + dead === 0 ? true : undefined;
};

describe('the pump', () => {
  it('works through the queue and removes what succeeded', async () => {
    const seen: string[] = [];
    const { queue } = setup(async (body) => void seen.push(body));
    await queue.send(['a', 'b', 'c', 'd', 'e']);
    await until(() => empty(queue), 5);
    expect(seen.sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('works on no more messages at once than it may', async () => {
    let running = 0;
    let most = 0;
    const { queue } = setup(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((done) => setImmediate(done));
      running -= 1;
    });
    await queue.send(Array.from({ length: 20 }, (_, n) => String(n)));
    await until(() => empty(queue), 5);
    expect(most).toBe(2);
  });

  it('brings a failed message back later, each time twice as late', async () => {
    const seen: number[] = [];
    const delays: number[] = [];
    const { queue, clock } = setup(
      async (_body, receives) => {
        seen.push(receives);
        if (receives < 4) throw new Error('not yet');
      },
      {},
      (given) => ({
        ...given,
        async giveBack(message, delayMs) {
          await given.giveBack(message, delayMs);
          delays.push(delayMs);
        },
      }),
    );
    await queue.send(['a']);
    for (const count of [1, 2, 3]) {
      await until(async () => (delays.length === count ? true : undefined), 5);
      const delay = delays.at(-1) ?? 0;
      clock.at = new Date(clock.at.getTime() + delay - 1);
      expect(await queue.depth()).toMatchObject({ waiting: 0, inFlight: 1 });
      clock.at = new Date(clock.at.getTime() + 1);
    }
    await until(() => empty(queue), 5);
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(delays).toEqual([1_000, 2_000, 4_000]);
  });

  it('survives a handler that throws, and brings its message back', async () => {
    let calls = 0;
    const handler: EventHandler = async () => {
      calls += 1;
      if (calls === 1) throw new Error('the handler itself failed');
      return { batchItemFailures: [] };
    };
    const { queue, clock } = setup(async () => {}, { handler });
    await queue.send(['a']);
    await until(async () => (calls === 1 ? true : undefined), 5);
    await until(async () => {
      clock.at = new Date(clock.at.getTime() + 1_000);
      return empty(queue);
    }, 5);
    expect(calls).toBe(2);
  });

  it('finishes what is under way when it stops, and takes nothing new', async () => {
    let finish = (): void => {};
    let started = false;
    const { queue, pump } = setup(
      () =>
        new Promise<void>((done) => {
          started = true;
          finish = done;
        }),
      { concurrency: 1 },
    );
    await queue.send(['a', 'b']);
    await until(async () => (started ? true : undefined), 5);
    const stopped = pump.stop();
    finish();
    await stopped;
    expect(await queue.depth()).toEqual({ waiting: 1, inFlight: 0, dead: 0 });
  });

  it('keeps a message hidden for as long as its handler works', async () => {
    let finish = (): void => {};
    let extended = 0;
    const work = () =>
      new Promise<void>((done) => {
        finish = done;
      });
    const { queue, clock } = setup(work, { visibilityMs: 30 }, (real) => ({
      ...real,
      extend: async (message, visibilityMs) => {
        await real.extend(message, visibilityMs);
        extended += 1;
      },
    }));
    await queue.send(['a']);
    for (let times = 1; times <= 3; times += 1) {
      const before = extended;
      clock.at = new Date(clock.at.getTime() + 29);
      await until(async () => (extended > before + 1 ? true : undefined), 2);
      expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 1, dead: 0 });
    }
    finish();
    await until(() => empty(queue), 5);
  });

  it('gives back what does not finish in time when it stops', async () => {
    let started = false;
    const { queue, pump } = setup(
      () => {
        started = true;
        return new Promise<void>(() => {});
      },
      { stopMs: 20 },
    );
    await queue.send(['a']);
    await until(async () => (started ? true : undefined), 5);
    await pump.stop();
    expect(await queue.depth()).toEqual({ waiting: 1, inFlight: 0, dead: 0 });
  });

  it('goes on once a queue that failed answers again', async () => {
    const lines: string[] = [];
    let receives = 0;
    const seen: string[] = [];
    const log = createLog({ write: (line) => lines.push(line) });
    const work = async (body: string) => void seen.push(body);
    const { pump, queue } = setup(work, { log }, (real) => ({
      ...real,
      receive: (max, visibilityMs) => {
        receives += 1;
        if (receives === 1) return Promise.reject(new Error('disk I/O error'));
        return real.receive(max, visibilityMs);
      },
    }));
    await queue.send(['a']);
    await until(async () => {
      pump.wake();
      return seen.length === 1 ? true : undefined;
    }, 5);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'pump.receive-failed' });
    expect(lines).toHaveLength(1);
  });

  it('gives back what it receives while it stops', async () => {
    const seen: string[] = [];
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const work = async (body: string) => void seen.push(body);
    const { pump, queue } = setup(work, {}, (real) => ({
      ...real,
      receive: async (max, visibilityMs) => {
        asked.resolve();
        await gate.promise;
        return real.receive(max, visibilityMs);
      },
    }));
    await queue.send(['a']);
    await asked.promise;
    const stopped = pump.stop();
    gate.resolve();
    await stopped;
    expect(seen).toEqual([]);
    expect(await queue.depth()).toEqual({ waiting: 1, inFlight: 0, dead: 0 });
  });

  it('stops in time though the queue does not answer', async () => {
    const { pump } = setup(
      async () => {},
      { stopMs: 20 },
      (real) => ({
        ...real,
        receive: () => new Promise(() => {}),
      }),
    );
    const startedAt = performance.now();
    await pump.stop();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
