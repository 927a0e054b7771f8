import { expect, it } from 'vitest';
import type { Transfer } from '../../../../../../shared/ledger/model.ts';
import { createSend } from '../../../../../../shared/lib/http.ts';
import { createLimiter } from '../../../../../../shared/limits/limiter.ts';
import { createCosObjectsClient } from '../../../../../../shared/providers/tencent/objects.ts';
import { createFetchStatus } from '../../../../../../shared/providers/tencent/offline-fetch/status.ts';
import { createCosSigner } from '../../../../../../shared/signing/cos.ts';
import { newShard } from '../../../../../contract/ledger.ts';
import { tencentCalls } from '../../../../../fixtures/calls.ts';
import { startPeer } from '../../../../../fixtures/http.ts';

const AT = new Date('2026-11-20T02:00:00Z');

const transfer: Transfer = {
  ...{ transferId: 'r1.0.0', runId: 'r1', shard: 0, line: 0, state: 'submitted', attempt: 1 },
  ...{ accepted: ['1:t'], providerId: 't', updatedAt: AT },
  object: { url: 'http://o.example/a', key: 'a', md5: 'a'.repeat(32) },
  history: [{ at: AT, attempt: 1, event: 'accepted', state: 'submitted', providerId: 't' }],
};

it('a lost fetch into a bucket under SSE-KMS has arrived when its object was written since', async () => {
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
    breaker: tencentCalls(createLimiter({ requestsPerSecond: 1e6, inFlight: 4 })),
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
  expect(await status.query(transfer, newShard('r1').target)).toMatchObject({
    state: 'succeeded',
  });
});

it.each([
  ['succeeded', undefined, 'succeeded', undefined],
  ['unknown', undefined, 'submitted', undefined],
  ['absent', undefined, 'failed', 'state'],
  ['absent', 'succeeded', 'succeeded', undefined],
] as const)(
  'of a transfer whose key nobody knows, %s with a callback of %s is %s',
  async (state, claimed, expected, kind) => {
    const status = createFetchStatus({
      breaker: tencentCalls(createLimiter({ requestsPerSecond: 1e6, inFlight: 4 })),
      now: () => AT,
      client: {
        submit: () => Promise.reject(new Error('nothing is submitted')),
        progress: async () => ({ state, code: '', message: '' }),
      },
      objects: { head: () => Promise.reject(new Error('there is no key to look for')) },
    });
    const { object: _, ...unknown } = transfer;
    const doubted = claimed && {
      state: claimed,
      attempt: 1,
      accepted: [],
      at: AT,
      event: 'callback' as const,
    };
    const found = await status.query(unknown, newShard('r1').target, {
      readObject: async () => undefined,
      ...(doubted && { doubted }),
    });
    expect([found?.state, found?.cause?.class]).toEqual([expected, kind]);
  },
);
