import { expect, it } from 'vitest';
import type { Target } from '../../../../../../shared/ledger/shard.ts';
import { createSend } from '../../../../../../shared/lib/http.ts';
import { createLimiter } from '../../../../../../shared/limits/limiter.ts';
import { createTencentBreaker } from '../../../../../../shared/providers/tencent/breaker.ts';
import { createCosObjectsClient } from '../../../../../../shared/providers/tencent/objects.ts';
import { createFetchStatus } from '../../../../../../shared/providers/tencent/offline-fetch/status.ts';
import { createCosSigner } from '../../../../../../shared/signing/cos.ts';
import { newShard } from '../../../../../contract/ledger.ts';
import { startPeer } from '../../../../../fixtures/http.ts';
import { openStores } from '../../../../../fixtures/stores.ts';

const AT = new Date('2026-11-20T02:00:00Z');

it('asks in the place of the shard where a run goes to many, as a nightly pass does', async () => {
  const { ledger } = openStores();
  const asked: Target[] = [];
  const status = createFetchStatus({
    breaker: createTencentBreaker(createLimiter({ requestsPerSecond: 1e6, inFlight: 4 })),
    ledger,
    now: () => AT,
    client: {
      submit: () => Promise.reject(new Error('nothing is submitted')),
      progress: async (target) => {
        asked.push(target);
        return { state: 'failed', code: 'NotFound', message: 'no' };
      },
    },
    objects: { head: async () => undefined },
  });
  await ledger.openRun({
    runId: 'r1',
    trigger: 'schedule',
    operation: 'retry-failed-objects',
    createdAt: AT,
  });
  const places = ['ap-shanghai', 'ap-beijing'].map((region) => ({
    region,
    bucket: 'b-1250000000',
  }));
  for (const [index, target] of places.entries()) {
    const shard = { ...newShard('r1'), id: `r1.${index}`, index, target };
    await ledger.openShard(shard, { owner: 'w', at: AT, leaseMs: 1_000 });
    await ledger.record(`r1.${index}.0`, {
      state: 'submitted',
      attempt: 1,
      accepted: ['1:t'],
      at: AT,
      event: 'accepted',
      object: { url: 'http://o.example/a', key: 'a' },
    });
    const transfer = await ledger.read(`r1.${index}.0`);
    expect(transfer && (await status.query(transfer))).toMatchObject({ state: 'failed' });
  }
  expect(asked).toEqual(places);
});

it('a lost fetch into a bucket under SSE-KMS has arrived when its object was written since', async () => {
  const { ledger } = openStores();
  const shard = newShard('r1');
  await ledger.openRun({
    runId: 'r1',
    trigger: 'http',
    operation: 'cos-offline-fetch',
    createdAt: AT,
  });
  await ledger.openShard(shard, { owner: 'w', at: AT, leaseMs: 1_000 });
  const accepted = {
    state: 'submitted',
    attempt: 1,
    accepted: ['1:t'],
    at: AT,
    event: 'accepted',
  } as const;
  const object = { url: 'http://o.example/a', key: 'a', md5: 'a'.repeat(32) };
  await ledger.record('r1.0.0', { ...accepted, object });
  const peer = await startPeer();
  peer.answer({
    headers: {
      etag: `"${'b'.repeat(32)}"`,
      'last-modified': AT.toUTCString(),
      'x-cos-server-side-encryption': 'cos/kms',
    },
  });
  const credentials = { secretId: 'AKIDcanary', secretKey: 'canary-secret-key' };
  const status = createFetchStatus({
    ledger,
    breaker: createTencentBreaker(createLimiter({ requestsPerSecond: 1e6, inFlight: 4 })),
    now: () => AT,
    client: {
      submit: () => Promise.reject(new Error('nothing is submitted')),
      progress: async () => ({ state: 'absent', code: 'NoSuchTask', message: '' }),
    },
    objects: createCosObjectsClient({
      endpoint: peer.origin,
      send: createSend(),
      sign: createCosSigner({ credentials }),
    }),
  });
  const transfer = await ledger.read('r1.0.0');
  expect(transfer && (await status.query(transfer))).toMatchObject({ state: 'succeeded' });
});
