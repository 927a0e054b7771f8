import { describe, expect, it } from 'vitest';
import {
  ClockError,
  PaceClosedError,
  ProviderError,
  StoreError,
} from '../../../../shared/lib/errors.ts';
import { createLimiter } from '../../../../shared/limits/limiter.ts';
import { changePace, watchPace } from '../../../../shared/limits/pace.ts';
import { openStores } from '../../../fixtures/stores.ts';

/** Time that moves only when somebody waits, to the end of the earliest wait. */
function clock() {
  let at = 0;
  const waits: { until: number; resume: () => void }[] = [];
  const advance = async (): Promise<boolean> => {
    waits.sort((a, b) => a.until - b.until);
    const next = waits.shift();
    if (!next) return false;
    at = Math.max(at, next.until);
    next.resume();
    await settle();
    return true;
  };
  const settle = () => new Promise<void>((done) => setImmediate(done));
  return {
    now: () => at,
    wait: (ms: number) =>
      new Promise<void>((resume) => {
        waits.push({ until: at + ms, resume });
      }),
    /** Runs everything to its end in virtual time. */
    async run<Value>(work: Promise<Value>): Promise<Value> {
      let done = false;
      const ended = work.finally(() => {
        done = true;
      });
      ended.catch(() => {});
      await settle();
      while (!done && (await advance()));
      if (!done) throw new Error('nobody waits for a time, and it has not ended');
      return ended;
    },
  };
}

const slowDown = (retryAfterMs?: number) =>
  new ProviderError('slow down', {
    provider: 'tencent',
    providerCode: 'SlowDown',
    status: 503,
    class: 'throttled',
    retryAfterMs,
  });

async function* inOne<Item>(items: readonly Item[]) {
  yield items;
}
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('limiter', () => {
  it('G8: keeps to the requests per second', async () => {
    const time = clock();
    const limiter = createLimiter({ requestsPerSecond: 10, inFlight: 100, ...time });
    const starts: number[] = [];
    const work = limiter.each(inOne(numbers(50)), (item) =>
      limiter.run(async () => {
        starts.push(time.now());
        expect(item).toBeGreaterThanOrEqual(0);
      }),
    );
    await time.run(work);
    expect(starts).toHaveLength(50);
    for (let from = 0; from < 4_000; from += 100) {
      const inSecond = starts.filter((at) => at >= from && at < from + 1_000);
      expect(inSecond.length).toBeLessThanOrEqual(11);
    }
    expect(time.now()).toBeGreaterThanOrEqual(4_800);
    expect(time.now()).toBeLessThanOrEqual(5_000);
  });

  it('asks for no timer and nothing of others where the rate is out of reach', async () => {
    let waits = 0;
    const limiter = createLimiter({
      requestsPerSecond: 1e6,
      inFlight: 50,
      now: () => 0,
      async wait() {
        waits += 1;
      },
    });
    const send = async (_: number): Promise<number> => limiter.run(async () => 1);
    for (const each of numbers(1_000)) await send(each);
    expect(await Promise.all(numbers(1_000).map(send))).toHaveLength(1_000);
    expect(waits).toBe(0);
  });

  it('sleeps until a turn comes, not for a moment at a time', async () => {
    const { wait, ...time } = clock();
    let waits = 0;
    const limiter = createLimiter({
      ...{ requestsPerSecond: 10, inFlight: 100, now: time.now },
      wait: (ms) => {
        waits += 1;
        return wait(ms);
      },
    });
    await time.run(Promise.all(numbers(20).map(() => limiter.run(async () => {}))));
    expect(waits).toBeLessThanOrEqual(20);
  });

  it('G8: keeps to the requests in flight, over all callers', async () => {
    const time = clock();
    const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 3, ...time });
    let running = 0;
    let most = 0;
    const request = async () => {
      running += 1;
      most = Math.max(most, running);
      await time.wait(10);
      running -= 1;
    };
    const callers = [0, 1].map(() => limiter.each(inOne(numbers(20)), () => limiter.run(request)));
    await time.run(Promise.all(callers));
    expect(most).toBe(3);
  });

  it('G8: shrinks rate and slots by the share of throttled answers, and recovers', async () => {
    const time = clock();
    const options = { requestsPerSecond: 100, inFlight: 50, ...time, retry: { maxSends: 1 } };
    const limiter = createLimiter(options);
    const answers = async (throttled: number, of: number) => {
      const requests = numbers(of).map((n) =>
        limiter
          .run(() => (n < throttled ? Promise.reject(slowDown()) : Promise.resolve()))
          .catch(() => {}),
      );
      await time.run(Promise.all(requests));
      await time.run(time.wait(1_000));
    };
    await answers(10, 100);
    expect(limiter.rate()).toBeGreaterThanOrEqual(90);
    expect(limiter.rate()).toBeLessThanOrEqual(99);
    await time.run(time.wait(20_000));
    expect(limiter.rate()).toBe(100);
    await answers(20, 20);
    expect(limiter.rate()).toBeLessThan(60);
    expect(limiter.rate()).toBeGreaterThanOrEqual(50);

    let running = 0;
    let most = 0;
    const work = limiter.each(inOne(numbers(60)), () =>
      limiter.run(async () => {
        running += 1;
        most = Math.max(most, running);
        await time.wait(900);
        running -= 1;
      }),
    );
    await time.run(work);
    // Of 50 slots about half, at half the rate; there is time enough to fill all of them.
    expect(most).toBeLessThan(35);
    await time.run(time.wait(60_000));
    expect(limiter.rate()).toBe(100);
  });

  it('G8: obeys Retry-After, for everybody', async () => {
    const time = clock();
    const limiter = createLimiter({
      requestsPerSecond: 1_000,
      inFlight: 10,
      ...time,
      random: () => 0,
    });
    let refusals = 1;
    const answered: number[] = [];
    const request = async () => {
      if (refusals > 0) {
        refusals -= 1;
        throw slowDown(3_000);
      }
      answered.push(time.now());
    };
    const another = time.wait(100).then(() => limiter.run(request));
    await time.run(Promise.all([limiter.run(request), another]));
    expect(answered).toHaveLength(2);
    expect(Math.min(...answered)).toBeGreaterThanOrEqual(3_000);
  });

  it('G8: ends no longer pause for a Retry-After that is shorter', async () => {
    const time = clock();
    const options = { requestsPerSecond: 1_000, inFlight: 10, ...time, random: () => 0 };
    const limiter = createLimiter(options);
    const asked = [3_000, 500];
    const answered: number[] = [];
    const request = async () => {
      const retryAfterMs = asked.shift();
      if (retryAfterMs !== undefined) throw slowDown(retryAfterMs);
      answered.push(time.now());
    };
    await time.run(Promise.all([limiter.run(request), limiter.run(request)]));
    expect(answered).toHaveLength(2);
    expect(Math.min(...answered)).toBeGreaterThanOrEqual(3_000);
  });

  it('makes the request anew for each send, and gives up in the end', async () => {
    const time = clock();
    const limiter = createLimiter({ requestsPerSecond: 100, inFlight: 1, ...time });
    let sends = 0;
    const work = limiter.run(() => {
      sends += 1;
      return Promise.reject(slowDown());
    });
    await expect(time.run(work)).rejects.toMatchObject({ providerCode: 'SlowDown' });
    expect(sends).toBe(8);
  });

  it('G8: lets a Retry-After without throttling hold back its own request alone', async () => {
    const time = clock();
    const limiter = createLimiter({ requestsPerSecond: 1_000, inFlight: 10, ...time });
    const broken = new ProviderError('try later', {
      ...{ provider: 'tencent', providerCode: 'InternalError', status: 500 },
      ...{ class: 'transient', retryAfterMs: 3_000 },
    });
    const answeredAt: number[] = [];
    let refusals = 1;
    const first = limiter.run(async () => {
      if (refusals > 0) {
        refusals -= 1;
        throw broken;
      }
      answeredAt.push(time.now());
    });
    const other = time.wait(100).then(() => limiter.run(async () => answeredAt.push(time.now())));
    await time.run(Promise.all([first, other]));
    expect(answeredAt).toEqual([100, 3_000]);
    expect(limiter.rate()).toBe(1_000);
  });

  it('sends a request once more at once when its time was refused and is corrected, and no third time', async () => {
    const time = clock();
    const limiter = createLimiter({ requestsPerSecond: 1_000, inFlight: 1, ...time });
    const sendsOf = async (isCorrected: boolean) => {
      let sends = 0;
      const work = limiter.run(() => {
        sends += 1;
        return Promise.reject(new ClockError('another time', isCorrected));
      });
      await expect(time.run(work)).rejects.toThrow('another time');
      return sends;
    };
    expect([await sendsOf(true), await sendsOf(false)]).toEqual([2, 1]);
    expect(time.now()).toBeLessThan(10);
  });

  it('does not send again what the ledger failed for', async () => {
    const time = clock();
    const limiter = createLimiter({ requestsPerSecond: 100, inFlight: 1, ...time });
    let sends = 0;
    const work = limiter.run(() => {
      sends += 1;
      return Promise.reject(new StoreError('no ledger'));
    });
    await expect(time.run(work)).rejects.toThrow('no ledger');
    expect(sends).toBe(1);
  });

  it('begins as many items as may be in flight, whatever the rate, where no turn is told', async () => {
    const time = clock();
    const limiter = createLimiter({ requestsPerSecond: 2, inFlight: 5, ...time });
    let [begun, most] = [0, 0];
    const work = limiter.each(inOne(numbers(12)), async () => {
      begun += 1;
      most = Math.max(most, begun);
      await time.wait(100);
      begun -= 1;
    });
    await time.run(work);
    expect(most).toBe(5);
  });

  it('sends nothing while the pace is 0, and lets what sends no object pass', async () => {
    const time = clock();
    const { ledger } = openStores();
    const pace = watchPace(ledger, undefined, time.now);
    const limiter = createLimiter({ requestsPerSecond: 100, inFlight: 5, ...time, pace });
    const send = (isSend?: boolean) =>
      limiter.run(async () => 'sent', isSend === undefined ? {} : { isSend });
    const isOpen = async () => [
      await limiter.isClosed(),
      limiter.isPaused(true),
      limiter.isPaused(),
    ];
    expect(await isOpen()).toEqual([false, false, false]);
    await changePace(ledger, 'UTC 0/s', new Date());
    await time.run(time.wait(1_000));
    expect(await isOpen()).toEqual([true, true, false]);
    await expect(time.run(send(true))).rejects.toThrow(PaceClosedError);
    expect(await time.run(Promise.all([send(false), send()]))).toEqual(['sent', 'sent']);
    // Also where nothing else would be in its way.
    await expect(time.run(send(true))).rejects.toThrow(PaceClosedError);
    await changePace(ledger, 'UTC 7/s', new Date());
    await time.run(time.wait(1_000));
    expect(await isOpen()).toEqual([false, false, false]);
    expect([await time.run(send(true)), limiter.rate()]).toEqual(['sent', 7]);
  });

  it('takes workers without a name for several', async () => {
    const { ledger } = openStores();
    const limiters = [1, 2].map(() =>
      createLimiter({ requestsPerSecond: 100, inFlight: 4, shared: { api: 'a', ledger } }),
    );
    await Promise.all(limiters.map((each) => each.run(async () => 1)));
    const note = await ledger.readNote('limits a');
    const ids = JSON.parse(note?.text ?? '').workers.map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(2);
  });

  it('finishes every item before it throws the first failure', async () => {
    const time = clock();
    const limiter = createLimiter({ requestsPerSecond: 100, inFlight: 2, ...time });
    const done: number[] = [];
    const work = limiter.each(inOne(numbers(5)), async (item) => {
      await time.wait(5 * (5 - item));
      if (item < 2) throw new Error(`item ${item}`);
      done.push(item);
    });
    await expect(time.run(work)).rejects.toThrow(/item [01]/);
    expect(done.sort()).toEqual([2, 3, 4]);
  });

  it('waits for what runs when the source of items breaks', async () => {
    const time = clock();
    const limiter = createLimiter({ requestsPerSecond: 100, inFlight: 9, ...time });
    const done: number[] = [];
    async function* broken() {
      yield [1, 2];
      throw new Error('source broke');
    }
    const work = limiter.each(broken(), async (item) => {
      await time.wait(50);
      done.push(item);
    });
    await expect(time.run(work)).rejects.toThrow('source broke');
    expect(done).toEqual([1, 2]);
  });
});

describe('turns of runs', () => {
  /** At one request per second, with everybody of `first` in line before the one of `later`. */
  it.each([
    ['for their turn', 50],
    ['for a slot', 3],
  ])(
    'G11: a request does not wait for all those of another run that wait %s',
    async (_, inFlight) => {
      const time = clock();
      const limiter = createLimiter({ requestsPerSecond: 1, inFlight, ...time });
      const many = numbers(40).map(() => limiter.run(async () => time.now(), { group: 'many' }));
      await time.run(time.wait(2_500));
      const startedAt = time.now();
      const one = await time.run(limiter.run(async () => time.now(), { group: 'one' }));
      expect(one - startedAt).toBeLessThanOrEqual(4_000);
      await time.run(Promise.all(many));
    },
  );

  it.each([
    ['for its slot', { requestsPerSecond: 1_000, inFlight: 1 }],
    ['for its turn', { requestsPerSecond: 1, inFlight: 4 }],
  ])('takes a request that is aborted while it waits %s out of the line', async (_name, limits) => {
    const time = clock();
    const limiter = createLimiter({ ...limits, ...time });
    const sent: [string, number][] = [];
    const send = (name: string, signal?: AbortSignal) =>
      limiter.run(
        async () => {
          sent.push([name, time.now()]);
          await time.wait(1_000);
        },
        { signal },
      );
    const aborting = new AbortController();
    const reason = new Error('the run has ended');
    const first = send('first');
    const dropped = [1, 2, 3].map(() => send('dropped', aborting.signal));
    const told = Promise.allSettled(dropped);
    const last = send('last');
    aborting.abort(reason);
    // At once, whatever the line does.
    expect(await told).toEqual(dropped.map(() => ({ status: 'rejected', reason })));
    await time.run(Promise.all([first, last]));
    expect(sent.map(([name]) => name)).toEqual(['first', 'last']);
    // Who comes after them takes their turn, and no slot is lost.
    expect(sent[1]?.[1]).toBeLessThanOrEqual(1_000);
    await time.run(send('later'));
    expect(sent).toHaveLength(3);
  });

  it('lets a request that has left end, whatever is aborted then', async () => {
    const time = clock();
    const limiter = createLimiter({ requestsPerSecond: 1_000, inFlight: 1, ...time });
    const aborting = new AbortController();
    const sending = limiter.run(
      async () => {
        aborting.abort();
        await time.wait(10);
        return 'answer';
      },
      { signal: aborting.signal },
    );
    expect(await time.run(sending)).toBe('answer');
  });

  it('sends no refused request again once it is aborted, and does not wait for that either', async () => {
    const time = clock();
    const limiter = createLimiter({ requestsPerSecond: 1_000, inFlight: 1, ...time });
    const aborting = new AbortController();
    let sends = 0;
    const sending = limiter.run(
      () => {
        sends += 1;
        setImmediate(() => aborting.abort(new Error('the run has ended')));
        return Promise.reject(slowDown(60_000));
      },
      { signal: aborting.signal },
    );
    await expect(sending).rejects.toThrow('the run has ended');
    expect([sends, time.now()]).toEqual([1, 0]);
  });

  it('G11: two runs that both wait have every second turn', async () => {
    const time = clock();
    const limiter = createLimiter({ requestsPerSecond: 10, inFlight: 4, ...time });
    const sent: string[] = [];
    const of = (group: string) =>
      numbers(20).map(() => limiter.run(async () => void sent.push(group), { group }));
    await time.run(Promise.all([...of('a'), ...of('b')]));
    for (let from = 8; from < 36; from += 4) {
      expect(sent.slice(from, from + 4).sort()).toEqual(['a', 'a', 'b', 'b']);
    }
  });

  it('hands out no more than leaves in half a second, where the turn is told', async () => {
    const time = clock();
    const limiter = createLimiter({ requestsPerSecond: 10, inFlight: 50, ...time });
    let [begun, sent, most] = [0, 0, 0];
    const work = async (_: number, onTurn: () => void): Promise<void> => {
      begun += 1;
      await limiter.run(async () => {
        onTurn();
        sent += 1;
        await time.wait(1_000);
      });
      most = Math.max(most, begun - sent);
    };
    await time.run(limiter.each(inOne(numbers(50)), work, { tellsTurn: true }));
    expect(most).toBe(5);
    // What is under way does not count: the pace is kept.
    expect(time.now()).toBeLessThan(7_000);
  });
});
