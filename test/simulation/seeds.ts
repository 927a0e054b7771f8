/**
 * Runs seed after seed. `WAYBILL_TEST_SEED=17` runs that one alone and shows its last calls;
 * `WAYBILL_TEST_SEEDS=100000` as many, however long they take.
 */
import { expect, it } from 'vitest';
import { type Outcome, simulate } from './simulate.ts';
import type { OpenSite } from './site.ts';

const { WAYBILL_TEST_SEED: only, WAYBILL_TEST_SEEDS: asked } = process.env;
const SEEDS = Number(asked ?? 2_000);
/** No seed is begun after it, where nobody asked for a number. */
const BUDGET_MS = asked === undefined ? 70_000 : Number.POSITIVE_INFINITY;
const MOST_SHOWN = 3;

export function trySeeds(name: string, open: OpenSite): void {
  it(`G1 to G5, G10, G12: loses nothing, sends nothing unexplained, tells the truth: ${name}`, async () => {
    const broken: Outcome[] = [];
    const struck = new Map<string, number>();
    const startedAt = performance.now();
    const [first, last] = only === undefined ? [1, SEEDS] : [Number(only), Number(only)];
    let seeds = 0;
    let calls = 0;
    for (let seed = first; seed <= last; seed += 1) {
      if (broken.length === MOST_SHOWN || performance.now() - startedAt > BUDGET_MS) break;
      const outcome = await simulate(seed, open, only === undefined ? 0 : 400);
      seeds += 1;
      calls += outcome.calls;
      for (const [kind, times] of outcome.struck) {
        struck.set(kind, (struck.get(kind) ?? 0) + times);
      }
      if (outcome.faults.length > 0) broken.push(outcome);
    }
    const told = [...struck].sort(([, a], [, b]) => b - a).map(([kind, n]) => `${n} ${kind}`);
    console.log(`${name}: ${seeds} seeds, ${calls} calls; ${told.join(', ')}`);
    expect(broken.map((each) => tell(name, each)).join('\n\n')).toBe('');
  }, 86_400_000);

  it(`does the same for the same seed: ${name}`, async () => {
    for (const seed of [7, 8, 9]) {
      const [one, again] = [await simulate(seed, open), await simulate(seed, open)];
      expect(again.calls).toBeGreaterThan(50);
      expect(again).toEqual(one);
    }
  });
}

const tell = (name: string, { seed, faults, trace }: Outcome): string =>
  [
    `Seed ${seed}, ${name}: WAYBILL_TEST_SEED=${seed} npm run test:simulation`,
    ...faults,
    ...(only === undefined ? [] : trace),
  ].join('\n');
