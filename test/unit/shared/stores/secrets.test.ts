import { describe, expect, it } from 'vitest';
import { ConfigError, ProviderError, StoreError } from '../../../../shared/lib/errors.ts';
import { createBreaker } from '../../../../shared/limits/breaker.ts';
import { connectCalls } from '../../../../shared/limits/calls.ts';
import { createLimiter } from '../../../../shared/limits/limiter.ts';
import { openCredentialSets } from '../../../../shared/stores/credential-sets.ts';
import { openSecret } from '../../../../shared/stores/documents.ts';
import { openSecrets, type Secrets } from '../../../../shared/stores/secrets.ts';

const CANARY = 'canary-7f3a';

/** Secrets as texts by id, which may change, and how often they were read. */
async function setup(texts: Record<string, string | Error>, setsId?: string) {
  const clock = { at: 0 };
  const reads: string[] = [];
  const ids = Object.keys(texts).filter((id) => id !== setsId);
  const secrets = await openSecrets({
    ids,
    documents: setsId === undefined ? [] : [setsId],
    now: () => clock.at,
    read: async (id) => {
      reads.push(id);
      const text = texts[id] as string | Error;
      if (text instanceof Error) throw text;
      return text;
    },
  });
  reads.length = 0;
  return { clock, reads, secrets, texts };
}
const faultsOf = (texts: Record<string, string | Error>) =>
  setup(texts).then(
    () => [],
    (error: ConfigError) => {
      expect(error).toBeInstanceOf(ConfigError);
      expect(JSON.stringify([error.message, error.faults])).not.toContain(CANARY);
      return error.faults;
    },
  );

describe('secrets', () => {
  it('are the variables of all their documents', async () => {
    const { secrets } = await setup({ a: '{"X":"1"}', b: '\ufeff{"Y":"2"}' });
    expect(secrets.variables()).toEqual({ X: '1', Y: '2' });
  });

  it('tell every fault at once and no value', async () => {
    const missing = new ConfigError([{ path: 'secret d', message: 'expected a secret' }]);
    const texts = { a: CANARY, b: '[1]', c: `{"X":5,"Y":"${CANARY}"}`, d: missing };
    expect(await faultsOf({ ...texts, e: '{"Y":"1"}' })).toEqual([
      { path: 'secret d', message: 'expected a secret' },
      { path: 'secret a', message: 'expected a JSON object of variables' },
      { path: 'secret b', message: 'expected a JSON object of variables' },
      { path: 'secret c: X', message: 'expected text' },
      { path: 'Y', message: 'is set in both secrets c and e' },
    ]);
  });

  it('can not be opened while the store can not be reached', async () => {
    await expect(setup({ a: new StoreError('gone') })).rejects.toMatchObject({
      code: 'STORE_FAILED',
    });
  });

  it('are read again when they are old, and what is known stays when that fails', async () => {
    const { clock, reads, secrets, texts } = await setup({ a: '{"X":"1"}' });
    clock.at = 14 * 60_000;
    expect(await secrets.refresh()).toBe(false);
    expect(reads).toEqual([]);
    clock.at = 15 * 60_000;
    texts['a'] = new StoreError('gone');
    expect(await secrets.refresh()).toBe(false);
    texts['a'] = '{"X":"2"}';
    expect(await secrets.refresh()).toBe(true);
    expect([secrets.variables(), secrets.version()]).toEqual([{ X: '2' }, 1]);
  });

  it('are read once for all whose key was refused, and not again for a minute', async () => {
    const { clock, reads, secrets, texts } = await setup({ a: '{"X":"1"}' });
    expect(await Promise.all([1, 2, 3].map(() => secrets.renew(0)))).toEqual([false, false, false]);
    expect(reads).toEqual(['a']);
    clock.at += 59_999;
    texts['a'] = '{"X":"2"}';
    expect(await secrets.renew(0)).toBe(false);
    clock.at += 1;
    expect(await Promise.all([secrets.renew(0), secrets.renew(0)])).toEqual([true, true]);
    expect(reads).toEqual(['a', 'a']);
    // Whoever signed before that need not read again.
    expect(await secrets.renew(0)).toBe(true);
    expect(reads).toEqual(['a', 'a']);
  });
});

const refusal = () =>
  new ProviderError('refused', {
    provider: 'huawei',
    providerCode: 'APIGW.0301',
    status: 401,
    class: 'credentials',
  });

describe('a refused key', () => {
  const limited = (keys: Awaited<ReturnType<typeof setup>>['secrets']) =>
    connectCalls({
      breaker: createBreaker({ atOnce: 8 }),
      limiter: createLimiter({ requestsPerSecond: 1e6, inFlight: 8 }),
      keys,
    });

  it('is sent once more when it was changed, whoever else is refused meanwhile', async () => {
    const { reads, secrets, texts } = await setup({ a: '{"K":"old"}' });
    texts['a'] = '{"K":"new"}';
    const sent: string[] = [];
    const calls = limited(secrets);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        calls.run(async () => {
          const key = secrets.variables()['K'] ?? '';
          sent.push(key);
          await Promise.resolve();
          if (key === 'old') throw refusal();
          return n;
        }),
      ),
    );
    expect(answers).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(sent.filter((key) => key === 'old').length).toBeLessThanOrEqual(8);
    expect(sent.filter((key) => key === 'new')).toHaveLength(8);
    expect(reads).toEqual(['a']);
  });

  it('is not sent again when it is the same', async () => {
    const { reads, secrets } = await setup({ a: '{"K":"old"}' });
    let sent = 0;
    const calls = limited(secrets);
    const send = () =>
      calls.run(async () => {
        sent += 1;
        throw refusal();
      });
    await expect(send()).rejects.toThrow('refused');
    await expect(send()).rejects.toThrow('refused');
    expect([sent, reads]).toEqual([2, ['a']]);
  });

  it('bars no other one: a breaker starts anew with the changed key', async () => {
    const { clock, secrets, texts } = await setup({ a: '{"K":"old"}' });
    const breaker = limited(secrets);
    const sent: string[] = [];
    const send = () =>
      breaker.run(async () => {
        const key = secrets.variables()['K'] ?? '';
        sent.push(key);
        if (key === 'old') throw refusal();
        return key;
      });
    await expect(send()).rejects.toThrow('refused');
    await expect(send()).rejects.toThrow('refused');
    await expect(send()).rejects.toMatchObject({ code: 'CREDENTIALS_REFUSED' });
    expect(sent).toEqual(['old', 'old']);
    texts['a'] = '{"K":"new"}';
    clock.at += 15 * 60_000;
    await secrets.refresh();
    expect(await send()).toBe('new');
  });

  it('that was good before is changed under four calls at once, and none is barred', async () => {
    const { secrets, texts } = await setup({ a: '{"K":"one"}' });
    let good = 'one';
    const breaker = limited(secrets);
    const send = () =>
      breaker.run(async () => {
        const key = secrets.variables()['K'];
        await new Promise<void>((resume) => setImmediate(resume));
        if (key !== good) throw refusal();
        return key;
      });
    expect(await send()).toBe('one');
    texts['a'] = '{"K":"two"}';
    good = 'two';
    expect(await Promise.all([send(), send(), send(), send()])).toEqual(Array(4).fill('two'));
  });
});

const openSets = (secrets: Secrets, fromEnv?: { dstAk: string; dstSk: string }) =>
  openCredentialSets(openSecret(secrets, 's', 'WAYBILL_CREDENTIALS_SECRET'), fromEnv);

describe('named credential sets in a secret', () => {
  const set = (dstAk: string) => ({ dstAk, dstSk: CANARY });
  const text = (sets: object) => JSON.stringify(sets);

  it('are found by name and by bucket, beside the set of the environment', async () => {
    const named = { acme: { ...set('ak1'), sourceBuckets: ['b1'] } };
    const { secrets } = await setup({ s: text(named) }, 's');
    const sets = openSets(secrets, set('ak0'));
    expect(await sets.get('oms', 'acme')).toMatchObject({ dstAk: 'ak1' });
    expect(await sets.get('oms', 'default')).toMatchObject({ dstAk: 'ak0' });
    expect(await sets.forBucket('b1')).toBe('acme');
  });

  it('are read again for a name that is not there, once a minute', async () => {
    const { reads, secrets, texts } = await setup({ s: '{}' }, 's');
    const sets = openSets(secrets);
    texts['s'] = text({ acme: set('ak1') });
    expect(await sets.get('oms', 'acme')).toMatchObject({ dstAk: 'ak1' });
    await expect(sets.get('oms', 'nobody')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      errors: [{ path: 'credentials' }],
    });
    expect(reads).toEqual(['s']);
  });

  it('name the field that is wrong, and no value', async () => {
    const { secrets } = await setup({ s: text({ acme: { dstAk: CANARY } }) }, 's');
    const open = () => openSets(secrets);
    expect(open).toThrow(/secret s: acme\.dstSk/);
    expect(open).not.toThrow(CANARY);
  });
});
