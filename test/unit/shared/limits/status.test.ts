import { expect, it } from 'vitest';
import { ProviderError } from '../../../../shared/lib/errors.ts';
import { readStatus, watchStatus } from '../../../../shared/limits/status.ts';
import { openStores } from '../../../fixtures/stores.ts';

const refusal = (kind: 'throttled' | 'credentials' | 'request') =>
  new ProviderError('no', {
    provider: 'tencent',
    providerCode: `Code-${kind}`,
    status: 403,
    class: kind,
    requestId: 'q1',
  });

function setup() {
  const { ledger } = openStores();
  const clock = { at: Date.parse('2026-11-20T02:00:00Z') };
  const writes: string[] = [];
  const counted = {
    readNote: ledger.readNote,
    swapNote: (...given: Parameters<typeof ledger.swapNote>) => {
      writes.push(given[1]);
      return ledger.swapNote(...given);
    },
  };
  const now = () => new Date(clock.at);
  const watch = (api: string) => watchStatus({ api, ledger: counted, now });
  const run = (watched: ReturnType<typeof watch>, error?: Error) =>
    watched(async () => {
      if (error) throw error;
    }).catch(() => {});
  return { clock, ledger, run, watch, writes };
}

it('notes trouble once, when it began, and when it passed', async () => {
  const { clock, ledger, run, watch, writes } = setup();
  const [cos, oms] = [watch('cos-fetch'), watch('oms cn-north-4')];
  for (let n = 0; n < 100; n += 1) await run(cos);
  await run(oms);
  expect(writes).toHaveLength(2);
  clock.at += 1_000;
  for (let n = 0; n < 50; n += 1) {
    await run(cos, refusal('throttled'));
    await run(cos);
  }
  expect(writes).toHaveLength(3);
  const at = '2026-11-20T02:00:01.000Z';
  const trouble = { at, code: 'Code-throttled', message: 'no', requestId: 'q1' };
  expect(await readStatus(ledger)).toEqual([
    {
      api: 'cos-fetch',
      provider: 'tencent',
      state: 'throttled',
      since: at,
      okAt: '2026-11-20T02:00:00.000Z',
      throttled: trouble,
    },
    {
      api: 'oms cn-north-4',
      provider: 'huawei',
      state: 'ok',
      since: '2026-11-20T02:00:00.000Z',
      okAt: '2026-11-20T02:00:00.000Z',
    },
  ]);
  clock.at += 60_000;
  await run(cos);
  expect((await readStatus(ledger))[0]).toMatchObject({ state: 'ok', throttled: trouble });
  await run(cos, refusal('credentials'));
  expect((await readStatus(ledger))[0]).toMatchObject({
    state: 'refused',
    refused: { code: 'Code-credentials' },
  });
});

it('takes a refusal of the request for a sign of life, and a fault of ours for none', async () => {
  const { ledger, run, watch } = setup();
  const cos = watch('cos-fetch');
  await run(cos, new Error('of the program'));
  expect(await readStatus(ledger)).toEqual([]);
  await run(cos, refusal('request'));
  expect(await readStatus(ledger)).toMatchObject([{ state: 'ok' }]);
});

it('is in nobody’s way: an odd note is written anew, one out of reach is left out', async () => {
  const { ledger, run, watch } = setup();
  await ledger.swapNote('health', '{"not": "ours"}', undefined);
  expect(await readStatus(ledger)).toEqual([]);
  await run(watch('cos-fetch'));
  expect(await readStatus(ledger)).toHaveLength(1);
  const broken = { readNote: () => Promise.reject(new Error('gone')), swapNote: async () => false };
  const watched = watchStatus({ api: 'cos-fetch', ledger: broken });
  expect(await watched(async () => 'an answer')).toBe('an answer');
});

it('tells the last request that was taken within 5 s, in one write each 5 s for all workers', async () => {
  const { clock, ledger, run, watch, writes } = setup();
  const workers = Array.from({ length: 8 }, () => watch('cos-fetch'));
  const start = clock.at;
  for (let ms = 0; ms < 60_000; ms += 250) {
    clock.at = start + ms;
    await run(workers[(ms / 250) % workers.length] as (typeof workers)[number]);
    const [status] = await readStatus(ledger);
    expect(clock.at - Date.parse(status?.okAt ?? '')).toBeLessThanOrEqual(5_000);
  }
  expect(writes.length).toBeLessThanOrEqual(13);
});

it('tells it while the provider throttles too, which stays so for a minute', async () => {
  const { clock, ledger, run, watch } = setup();
  const cos = watch('cos-fetch');
  await run(cos, refusal('throttled'));
  const start = clock.at;
  for (let ms = 0; ms < 55_000; ms += 500) {
    clock.at = start + ms;
    await run(cos);
    const [status] = await readStatus(ledger);
    expect(status?.state).toBe('throttled');
    expect(clock.at - Date.parse(status?.okAt ?? '')).toBeLessThanOrEqual(5_000);
  }
});
