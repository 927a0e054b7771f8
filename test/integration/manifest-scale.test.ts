import { expect, it } from 'vitest';
import { measureScale } from './manifest-scale.ts';

// The full size, 10 million lines, is run by hand: see manifest-scale.ts.
it.each([{ gzip: false }, { gzip: true }])(
  'G7: reads 200,000 lines within 160 MiB, $gzip',
  async ({ gzip }) => {
    const { lines, shards, peakRssMiB } = await measureScale(200_000, gzip);
    expect(lines).toBe(200_000);
    expect(shards).toBeGreaterThan(60);
    expect(peakRssMiB).toBeLessThan(160);
  },
  120_000,
);
