import { describe, expect, it, onTestFinished } from 'vitest';
import { createClock } from '../../../../shared/lib/clock.ts';
import { BreakerOpenError, type CauseClass, ProviderError } from '../../../../shared/lib/errors.ts';
import { createSend } from '../../../../shared/lib/http.ts';
import { type BreakerOptions, createBreaker } from '../../../../shared/limits/breaker.ts';
import { createLimiter } from '../../../../shared/limits/limiter.ts';
import { signWith } from '../../../../shared/providers/huawei/auth.ts';
import { createOmsV2Client } from '../../../../shared/providers/huawei/oms/v2.ts';
import { DEFAULT_HUAWEI_KEY, startHuawei } from '../../../../simulator/huawei/simulator.ts';
import { plainCalls } from '../../../fixtures/calls.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const PROJECT = '0123456789abcdef0123456789abcdef';
const REGION = 'cn-north-4';
const open = () => createLimiter({ requestsPerSecond: 1e6, inFlight: 4, retry: { maxSends: 1 } });
const outcomes = (calls: readonly Promise<unknown>[]) =>
  Promise.all(
    calls.map((call) =>
      call.then(
        () => 'done',
        (error: { code: string; providerCode?: string }) => error.providerCode ?? error.code,
      ),
    ),
  );
const refusal = (kind: CauseClass, providerCode = 'X') =>
  new ProviderError('no', { provider: 'huawei', providerCode, status: 400, class: kind });

/** A breaker before the simulator; the key's secret can be changed between calls. */
async function setup(secretKey: string = DEFAULT_HUAWEI_KEY.sk) {
  const clock = { at: AT };
  const now = () => clock.at;
  const huawei = await startHuawei({ now });
  onTestFinished(() => huawei.close());
  const key = { sk: secretKey };
  const send = createSend({ timeoutMs: 2_000 });
  const client = () =>
    createOmsV2Client({
      endpoint: `${huawei.omsUrl}/{region}`,
      region: REGION,
      projectId: PROJECT,
      authenticator: signWith({ secretId: DEFAULT_HUAWEI_KEY.ak, secretKey: key.sk }),
      send,
      clock: createClock({ now }),
    });
  const known = createBreaker({ now: () => clock.at.getTime() });
  const breaker = plainCalls(open(), known);
  const list = () => client().listTasks({ offset: 0, limit: 1 });
  const call = () => breaker.run(list);
  const many = (count: number, made = call) => outcomes(Array.from({ length: count }, made));
  return { huawei, clock, key, known, list, call, many };
}

describe('guarded calls', () => {
  it('send at most two requests with a wrong key, however many callers come at once', async () => {
    const { huawei, many } = await setup('wrong');
    const found = await many(100);
    expect(found.filter((each) => each === 'APIGW.0301')).toHaveLength(2);
    expect(found.filter((each) => each === 'CREDENTIALS_REFUSED')).toHaveLength(98);
    expect(huawei.stats()).toMatchObject({ signatureRefusals: 2, lockedRefusals: 0 });
  });

  it('send no more requests afterwards', async () => {
    const { huawei, many } = await setup('wrong');
    await many(3);
    expect(await many(10)).toEqual(Array(10).fill('CREDENTIALS_REFUSED'));
    expect(huawei.stats().signatureRefusals).toBe(2);
  });

  it('send at most two for breakers of one key in many regions', async () => {
    const { huawei, known, list } = await setup('wrong');
    const breakers = Array.from({ length: 20 }, () => plainCalls(open(), known));
    await outcomes(breakers.flatMap((breaker) => [breaker.run(list), breaker.run(list)]));
    expect(huawei.stats()).toMatchObject({ signatureRefusals: 2, lockedRefusals: 0 });
  });

  it('send one more after ten minutes, and none once that is refused', async () => {
    const { huawei, clock, many } = await setup('wrong');
    await many(5);
    clock.at = new Date(AT.getTime() + 600_000);
    await many(50);
    expect(huawei.stats()).toMatchObject({ signatureRefusals: 3, lockedRefusals: 0 });
  });

  it('all run again when that one shows that the key was mended', async () => {
    const { clock, key, many } = await setup('wrong');
    await many(5);
    key.sk = DEFAULT_HUAWEI_KEY.sk;
    expect(await many(5)).toEqual(Array(5).fill('CREDENTIALS_REFUSED'));
    clock.at = new Date(AT.getTime() + 600_000);
    expect(await many(50)).toEqual(Array(50).fill('done'));
  });

  it('never lock a key that turns bad while hundreds of calls wait', async () => {
    const { huawei, key, many } = await setup();
    expect(await many(5)).toEqual(Array(5).fill('done'));
    key.sk = 'turned';
    await many(300);
    const { signatureRefusals, lockedRefusals } = huawei.stats();
    // Those in flight when the first refusal came, and no more.
    expect(signatureRefusals).toBeLessThan(5);
    expect(lockedRefusals).toBe(0);
  });

  it('run four at once with a good key, however many may be in flight', async () => {
    const { call } = await setup();
    await call();
    const wide = createLimiter({ requestsPerSecond: 1e6, inFlight: 50 });
    const breaker = plainCalls(wide);
    await breaker.run(async () => {});
    let [running, most] = [0, 0];
    const sharedBreaker = Promise.withResolvers<void>();
    const calls = Array.from({ length: 8 }, () =>
      breaker.run(async () => {
        running += 1;
        most = Math.max(most, running);
        // Time enough for more of them to leave.
        if (running === 4) {
          for (let turns = 0; turns < 50; turns += 1) await new Promise(setImmediate);
          sharedBreaker.resolve();
        }
        await sharedBreaker.promise;
        running -= 1;
      }),
    );
    await Promise.all(calls);
    expect(most).toBe(4);
  });

  it('G8: go back into the line when a pause begins just before they leave', async () => {
    const time = { at: 0 };
    const limiter = createLimiter({
      requestsPerSecond: 1e6,
      inFlight: 4,
      retry: { maxSends: 1 },
      now: () => time.at,
      wait: async (ms) => {
        time.at += ms;
      },
    });
    const breaker = plainCalls(limiter);
    await breaker.run(async () => {});
    const asked = new ProviderError('later', {
      provider: 'tencent',
      providerCode: 'SlowDown',
      status: 503,
      class: 'throttled',
      retryAfterMs: 3_000,
    });
    let looks = 0;
    const before = async () => {
      looks += 1;
      if (looks === 1) await outcomes([limiter.run(() => Promise.reject(asked))]);
    };
    const sentAt: number[] = [];
    await breaker.run(async () => void sentAt.push(time.at), { before });
    expect(sentAt).toHaveLength(1);
    expect(sentAt[0]).toBeGreaterThanOrEqual(3_000);
    expect(looks).toBe(2);
  });

  it('go one at a time until the first success', async () => {
    const breaker = plainCalls(open());
    const seen: string[] = [];
    const sharedBreaker = Promise.withResolvers<void>();
    const first = breaker.run(async () => {
      seen.push('first');
      await sharedBreaker.promise;
    });
    const second = breaker.run(async () => seen.push('second'));
    await new Promise(setImmediate);
    expect(seen).toEqual(['first']);
    sharedBreaker.resolve();
    await Promise.all([first, second]);
    expect(seen).toEqual(['first', 'second']);
  });

  it.each(['quota', 'request', 'source', 'state'] as const)(
    'take a refusal of class %s for proof of the key',
    async (kind) => {
      const known = createBreaker();
      await outcomes([plainCalls(open(), known).run(() => Promise.reject(refusal(kind)))]);
      expect(known.isProven()).toBe(true);
    },
  );

  it.each(['throttled', 'transient'] as const)(
    'take a refusal of class %s for no proof: it may stand before the check',
    async (kind) => {
      const breaker = plainCalls(open());
      let sent = 0;
      await outcomes([breaker.run(() => Promise.reject(refusal(kind)))]);
      const found = await outcomes(
        Array.from({ length: 20 }, () =>
          breaker.run(async () => {
            sent += 1;
            await new Promise(setImmediate);
            throw refusal('credentials');
          }),
        ),
      );
      expect(sent).toBe(2);
      expect(found.filter((each) => each === 'CREDENTIALS_REFUSED')).toHaveLength(18);
    },
  );

  it('go on after an error that says nothing about the key', async () => {
    const breaker = plainCalls(open());
    const broken = () => Promise.reject(new Error('broken'));
    await expect(breaker.run(broken)).rejects.toThrow('broken');
    await expect(breaker.run(broken)).rejects.toThrow('broken');
    expect(await breaker.run(async () => 7)).toBe(7);
  });

  it('hand on an answer that is undefined', async () => {
    const breaker = plainCalls(open());
    expect(await breaker.run(async () => undefined)).toBeUndefined();
    expect(await breaker.run(async () => undefined)).toBeUndefined();
  });

  it('are told apart from refusals of the provider', async () => {
    const { call, many } = await setup('wrong');
    await many(2);
    await expect(call()).rejects.toBeInstanceOf(BreakerOpenError);
  });
});

describe('refusals in a row', () => {
  /** A breaker that hears how calls end, in virtual time. */
  function hear(options: BreakerOptions = {}) {
    const clock = { at: 0 };
    const breaker = createBreaker({ ...options, now: () => clock.at });
    const { run } = plainCalls(open(), breaker);
    const refuse = (kind: CauseClass = 'credentials', code?: string) =>
      run(() => Promise.reject(refusal(kind, code))).catch(() => {});
    return { breaker, clock, refuse, succeed: () => run(async () => {}) };
  }

  it('bar the key from the second on, and start anew after a success', async () => {
    const { breaker, refuse, succeed } = hear();
    await refuse();
    expect([breaker.isRefused(), breaker.isBarred()]).toEqual([false, false]);
    await succeed();
    await refuse();
    expect(breaker.isBarred()).toBe(false);
    await refuse();
    expect([breaker.isRefused(), breaker.isBarred()]).toEqual([true, true]);
  });

  it.each(['transient', 'throttled', 'quota', 'source', 'request', 'state'] as const)(
    'are not ended, nor continued, by class %s',
    async (kind) => {
      const { breaker, refuse } = hear();
      await refuse(kind);
      await refuse();
      await refuse(kind);
      expect(breaker.isBarred()).toBe(false);
      await refuse();
      expect(breaker.isBarred()).toBe(true);
    },
  );

  it('bar for ten minutes; then one try, and one more refusal bars again', async () => {
    const { breaker, clock, refuse, succeed } = hear();
    await refuse();
    await refuse();
    for (const [at, isBarred] of [
      [599_999, true],
      [600_000, false],
    ] as const) {
      clock.at = at;
      expect(breaker.isBarred()).toBe(isBarred);
    }
    expect(breaker.isRefused()).toBe(false);
    await refuse();
    clock.at = 1_199_999;
    expect(breaker.isBarred()).toBe(true);
    clock.at = 1_200_000;
    await succeed();
    await refuse();
    expect(breaker.isBarred()).toBe(false);
  });

  it('that say nothing of the key rest as long as is asked, then one more bars again', async () => {
    const { breaker, clock, refuse } = hear({ verdictOf: () => 'unclear' });
    await refuse();
    await refuse();
    expect([breaker.isBarred(), breaker.isBarred(60_000)]).toEqual([false, true]);
    clock.at = 59_999;
    expect(breaker.isBarred(60_000)).toBe(true);
    clock.at = 60_000;
    expect([breaker.isBarred(60_000), breaker.isRefused()]).toEqual([false, false]);
    await refuse();
    expect(breaker.isBarred(60_000)).toBe(true);
  });

  it('rest no call before the second', async () => {
    const { breaker, refuse } = hear({ verdictOf: () => 'unclear' });
    expect(breaker.isBarred(60_000)).toBe(false);
    await refuse();
    expect(breaker.isBarred(60_000)).toBe(false);
  });

  it('that say nothing of the key rest also after a key was barred', async () => {
    const { breaker, clock, refuse } = hear({
      verdictOf: (code) => (code === 'unclear' ? 'unclear' : 'key'),
    });
    await refuse();
    await refuse();
    clock.at = 600_000;
    expect(breaker.isBarred(60_000)).toBe(false);
    await refuse('credentials', 'unclear');
    expect(breaker.isBarred(60_000)).toBe(true);
  });

  it('take the proof of a key back, whatever they say of it; other errors do not', async () => {
    const { breaker, refuse, succeed } = hear({ verdictOf: () => 'unclear' });
    await succeed();
    await refuse('transient');
    expect(breaker.isProven()).toBe(true);
    await refuse();
    expect(breaker.isProven()).toBe(false);
  });

  it('are told from the second on, and other errors never', async () => {
    const calls = plainCalls(open(), createBreaker({ verdictOf: () => 'unclear' }));
    const told: unknown[] = [];
    const counts: number[] = [];
    for (const kind of ['credentials', 'credentials', 'transient'] as const) {
      const onRefused = (error: unknown) => void told.push(error);
      await outcomes([calls.run(() => Promise.reject(refusal(kind)), { onRefused })]);
      counts.push(told.length);
    }
    expect(counts).toEqual([0, 1, 1]);
  });

  it('are told to each call that they keep from leaving, with the class that stops a run', async () => {
    const { breaker, refuse } = hear();
    await refuse();
    await refuse();
    const told: unknown[] = [];
    const calls = plainCalls(open(), breaker);
    const call = calls.run(async () => {}, { onRefused: (error) => void told.push(error) });
    await expect(call).rejects.toBeInstanceOf(BreakerOpenError);
    expect(told).toMatchObject([{ class: 'credentials', sent: 'no' }]);
  });
});

describe('other keys', () => {
  /** A call with the keys of a version, without a limiter. */
  function setupVersions() {
    const breaker = createBreaker();
    const keys = { version: 0 };
    const open = () => breaker.steps({ version: () => keys.version });
    const run = (request: () => Promise<unknown>) => {
      const { admit, send } = open();
      return admit(() => send(request));
    };
    return { breaker, keys, open, run };
  }

  it('may be tried though the former ones were refused', async () => {
    const { breaker, keys, run } = setupVersions();
    const refused = () => Promise.reject(refusal('credentials'));
    await outcomes([run(refused), run(refused)]);
    expect(breaker.isBarred()).toBe(true);
    keys.version = 1;
    expect(await run(async () => 'answer')).toBe('answer');
  });

  it('are tried one call at a time though the former ones were good', async () => {
    const { keys, run } = setupVersions();
    await run(async () => {});
    keys.version = 1;
    const first = Promise.withResolvers<void>();
    const seen: string[] = [];
    const calls = [
      run(async () => {
        seen.push('first');
        await first.promise;
      }),
      run(async () => seen.push('second')),
    ];
    await new Promise(setImmediate);
    expect(seen).toEqual(['first']);
    first.resolve();
    await Promise.all(calls);
    expect(seen).toEqual(['first', 'second']);
  });

  it('send a call back into the line that waited for its turn when they came', async () => {
    const { keys, open, run } = setupVersions();
    await run(async () => {});
    const { admit, send } = open();
    let turns = 0;
    await admit(async () => {
      turns += 1;
      keys.version = 1;
      return send(async () => {});
    });
    expect(turns).toBe(2);
  });
});
