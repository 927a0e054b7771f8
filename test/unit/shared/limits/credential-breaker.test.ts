import { describe, expect, it, onTestFinished } from 'vitest';
import { createClock } from '../../../../shared/lib/clock.ts';
import { BreakerOpenError, type CauseClass, ProviderError } from '../../../../shared/lib/errors.ts';
import { createSend } from '../../../../shared/lib/http.ts';
import {
  createCredentialBreaker,
  createRefusals,
} from '../../../../shared/limits/credential-breaker.ts';
import { createLimiter } from '../../../../shared/limits/limiter.ts';
import { signWith } from '../../../../shared/providers/huawei/auth.ts';
import { createOmsV2Client } from '../../../../shared/providers/huawei/oms/v2.ts';
import { DEFAULT_HUAWEI_KEY, startHuawei } from '../../../../simulator/huawei/simulator.ts';

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
  const refusals = createRefusals({ now });
  const breaker = createCredentialBreaker(open(), refusals);
  const list = () => client().listTasks({ offset: 0, limit: 1 });
  const call = () => breaker.run(list);
  const many = (count: number, made = call) => outcomes(Array.from({ length: count }, made));
  return { huawei, clock, key, refusals, breaker, list, call, many };
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
    const { huawei, refusals, list } = await setup('wrong');
    const breakers = Array.from({ length: 20 }, () => createCredentialBreaker(open(), refusals));
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
    let at = 0;
    const time = { now: () => (at += 1_000), wait: async () => {} };
    const wide = createLimiter({ requestsPerSecond: 1e6, inFlight: 50, ...time });
    const breaker = createCredentialBreaker(wide, createRefusals());
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
    const breaker = createCredentialBreaker(limiter, createRefusals());
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
    const breaker = createCredentialBreaker(open(), createRefusals());
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
      const refusals = createRefusals();
      const breaker = createCredentialBreaker(open(), refusals);
      await outcomes([breaker.run(() => Promise.reject(refusal(kind)))]);
      expect(refusals.proof.isProven).toBe(true);
    },
  );

  it.each(['throttled', 'transient'] as const)(
    'take a refusal of class %s for no proof: it may stand before the check',
    async (kind) => {
      const breaker = createCredentialBreaker(open(), createRefusals());
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
    const breaker = createCredentialBreaker(open(), createRefusals());
    const broken = () => Promise.reject(new Error('broken'));
    await expect(breaker.run(broken)).rejects.toThrow('broken');
    await expect(breaker.run(broken)).rejects.toThrow('broken');
    expect(await breaker.run(async () => 7)).toBe(7);
  });

  it('hand on an answer that is undefined', async () => {
    const breaker = createCredentialBreaker(open(), createRefusals());
    expect(await breaker.run(async () => undefined)).toBeUndefined();
    expect(await breaker.run(async () => undefined)).toBeUndefined();
  });

  it('are told apart from refusals of the provider', async () => {
    const { call, many } = await setup('wrong');
    await many(2);
    await expect(call()).rejects.toBeInstanceOf(BreakerOpenError);
  });
});
