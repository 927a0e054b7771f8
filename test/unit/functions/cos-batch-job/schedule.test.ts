import { expect, it, vi } from 'vitest';
import { handler } from '../../../../functions/cos-batch-job.ts';

it('without an account for Batch its schedule does nothing, and all else names what is missing', async () => {
  vi.stubEnv('TENCENTCLOUD_UIN', '');
  expect(await handler({ 'detail-type': 'Scheduled Event' })).toBeUndefined();
  await expect(handler({})).rejects.toThrow(/TENCENTCLOUD_UIN: is not set/);
});
