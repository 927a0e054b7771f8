import { expect, it } from 'vitest';
import type { Target } from '../../../../../shared/ledger/shard.ts';
import { createLimiter } from '../../../../../shared/limits/limiter.ts';
import { findLostCallbacks } from '../../../../../shared/runs/reconcile/lost-callbacks.ts';
import { newShard } from '../../../../contract/ledger.ts';
import { silentLog } from '../../../../fixtures/log.ts';
import { openStores } from '../../../../fixtures/stores.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const LATER = new Date(AT.getTime() + 3_600_000);

it('G4: queries each lost fetch in the target of its shard, as a nightly pass has many', async () => {
  const { ledger } = openStores();
  await ledger.openRun({
    runId: 'r1',
    trigger: 'schedule',
    operation: 'retry-failed-objects',
    createdAt: AT,
  });
  const targets = ['ap-shanghai', 'ap-beijing'].map((region) => ({
    region,
    bucket: 'b-1250000000',
  }));
  for (const [index, target] of targets.entries()) {
    const shard = { ...newShard('r1', index), target };
    await ledger.openShard(shard, { owner: 'w', at: AT, leaseMs: 1_000 });
    await ledger.record(`r1.${index}.0`, {
      state: 'submitted',
      attempt: 1,
      accepted: ['1:t'],
      at: AT,
      event: 'accepted',
      object: { url: 'http://o.example/a', key: 'a' },
    });
  }
  const queried: Target[] = [];
  const tally = await findLostCallbacks(await ledger.shards('r1'), {
    ledger,
    each: createLimiter({ requestsPerSecond: 1e6, inFlight: 1 }).each,
    log: silentLog,
    lostAfterMs: 60_000,
    deadline: new Date(LATER.getTime() + 1),
    now: () => LATER,
    status: {
      query: async (_transfer, target) => {
        queried.push(target);
        return { state: 'succeeded', attempt: 1, accepted: [], at: LATER, event: 'poll' };
      },
    },
  });
  expect(queried).toEqual(targets);
  expect(tally).toEqual({ queried: 2, found: 2, isCut: false });
});
