import { expect, it } from 'vitest';
import { measureReceipt } from './receipt-scale.ts';

// The full size, one million transfers, is run by hand: see receipt-scale.ts.
it('G7: writes and verifies a receipt of 40,000 transfers within 256 MiB', async () => {
  const { written, verified } = await measureReceipt(40_000, 15_000);
  expect(written).toMatchObject({ transfers: 40_000, parts: 3 });
  expect(verified).toMatchObject({ transfers: 40_000, parts: 3, root: written.root });
  expect(written.peakRssMiB).toBeLessThan(256);
  expect(verified.peakRssMiB).toBeLessThan(256);
}, 120_000);
