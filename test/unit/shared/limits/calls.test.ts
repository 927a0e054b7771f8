/** Calls through the whole chain of steps. */
import { expect, it } from 'vitest';
import { createBreaker } from '../../../../shared/limits/breaker.ts';
import { connectCalls } from '../../../../shared/limits/calls.ts';
import { createLimiter } from '../../../../shared/limits/limiter.ts';

it('a call that sends does not leave when the pace becomes 0 after its turn has come; others do', async () => {
  let rate = 5;
  const pace = { isStale: () => false, look: async () => {}, rate: () => rate };
  const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 2, pace });
  const calls = connectCalls({ breaker: createBreaker(), limiter });
  const left: string[] = [];
  const before = async () => {
    rate = 0;
  };
  const sending = calls.run(async () => left.push('sent'), { isSend: true, before });
  await expect(sending).rejects.toMatchObject({ code: 'PACE_CLOSED' });
  await calls.run(async () => left.push('asked'), { before });
  expect(left).toEqual(['asked']);
});
