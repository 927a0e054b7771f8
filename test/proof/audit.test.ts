/** G13 at its full size: every planted fault among 200,000 objects, and ten million keys in flat memory. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAudits } from '../../shared/audit/audit-arrival.ts';
import { openAudit } from '../../shared/audit/open.ts';
import { readAudit } from '../../shared/audit/state.ts';
import { createSources } from '../../shared/manifest/sources/sources.ts';
import { startSimulator } from '../../simulator/main.ts';
import { setsOf } from '../fixtures/credential-sets.ts';
import { silentLog } from '../fixtures/log.ts';
import { openTargetIn, plant, TARGETS } from '../fixtures/planted.ts';
import { openStores } from '../fixtures/stores.ts';
import { measureAudit } from '../integration/audit-scale.ts';

const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/all.csv';
const OBJECTS = 200_000;

describe.each(['cos', 'obs'] as const)('a target at %s', (kind) => {
  it('G13: 50 of each fault are found, with no request more than it takes', async () => {
    const simulator = await startSimulator({ huawei: true });
    onTestFinished(() => simulator.close());
    const { ledger, objects } = openStores();
    const { text, faults } = plant(simulator, kind, { objects: OBJECTS, each: 50 });
    await objects.put(KEY, text);
    const options = {
      ...{ ledger, objects, log: silentLog, now: () => new Date() },
      openTarget: openTargetIn(simulator),
      sources: createSources({ configs: () => [], sets: setsOf({}), log: silentLog }),
    };
    const target = TARGETS[kind];
    const of = { kind: 'manifest', key: KEY } as const;
    const run = { runId: 'a1', trigger: 'http' } as const;
    await openAudit(run, { of, target, prefix: 'photos/', level: 'head' }, options);
    await createAudits(options).work('a1', new Date('2100-01-01'));
    const state = (await readAudit(ledger, 'a1'))?.state;
    expect(state?.verdicts).toEqual({
      proved: OBJECTS - 150,
      plausible: 0,
      undecided: 0,
      different: 100,
      missing: 50,
      extra: 50,
    });
    const { requests, proofs } = state as NonNullable<typeof state>;
    const left = proofs.crc64 + faults.otherBytes.length;
    const most = 1.2 * (OBJECTS / 1_000 + left);
    expect(requests.targetLists + requests.targetHeads + requests.sourceHeads).toBeLessThan(most);
  });
});

it.each([false, true])(
  'G7: ten million keys are audited within 256 MiB, shuffled: %s',
  {
    timeout: 3_600_000,
  },
  async (isShuffled) => {
    const { lists, peakRssMiB, verdicts } = await measureAudit(10_000_000, isShuffled);
    expect(verdicts).toMatchObject({ proved: 9_997_000, missing: 2_000, different: 1_000 });
    expect(lists).toBeLessThan(12_000);
    expect(peakRssMiB).toBeLessThanOrEqual(256);
  },
);
