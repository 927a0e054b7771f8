import { expect, it } from 'vitest';
import { measureAudit } from './audit-scale.ts';

// The full size, 10 million keys, is part of npm run proof.
it.each([{ isShuffled: false }, { isShuffled: true }])(
  'G7: audits 100,000 keys within 256 MiB and a heap of 40, shuffled: $isShuffled',
  async ({ isShuffled }) => {
    const { lists, peakRssMiB, verdicts } = await measureAudit(100_000, isShuffled, 40);
    expect(verdicts).toMatchObject({ proved: 99_970, different: 10, missing: 20, extra: 10 });
    expect(lists).toBe(100);
    expect(peakRssMiB).toBeLessThan(256);
  },
  120_000,
);
