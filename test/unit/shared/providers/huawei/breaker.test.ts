import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../../../../shared/lib/errors.ts';
import { createLimiter } from '../../../../../shared/limits/limiter.ts';
import { huaweiCalls } from '../../../../fixtures/calls.ts';

const openLimiter = () =>
  createLimiter({ requestsPerSecond: 1e6, inFlight: 4, retry: { maxSends: 1 } });

const refuse = (providerCode: string) => async (): Promise<never> => {
  throw new ProviderError('no', {
    provider: 'huawei',
    providerCode,
    status: 401,
    class: 'credentials',
  });
};

/** Whether a key may be used in another region after two refusals in a row. */
async function isUsable(code: string): Promise<boolean> {
  const open = huaweiCalls(openLimiter);
  for (let times = 0; times < 2; times += 1) {
    await open('cn-north-4', 'AK')
      .run(refuse(code))
      .catch(() => {});
  }
  return open('cn-east-3', 'AK')
    .run(async () => true)
    .catch(() => false);
}

describe('a key of Huawei', () => {
  it.each(['APIGW.0301', 'APIGW.0310', 'IAM.401', 'OMS.0068', 'OMS.1005', 'InvalidAccessKeyId'])(
    'is barred after two refusals with %s',
    async (code) => expect(await isUsable(code)).toBe(false),
  );

  it.each(['OMS.0072', 'OMS.1014', 'S3M.1016', 'AccessDenied'])(
    'is not barred by %s, which one task or bucket refuses',
    async (code) => expect(await isUsable(code)).toBe(true),
  );
});
