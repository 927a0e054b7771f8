/** Transfers of a part by how they ended. */
import type { FinalCounts } from './format.ts';

export const totalOf = ({ succeeded, failed, cancelled }: FinalCounts): number =>
  succeeded + failed + cancelled;

export const sumCounts = (all: Iterable<FinalCounts>): FinalCounts => {
  const sum = { succeeded: 0, failed: 0, cancelled: 0 };
  for (const counts of all) {
    sum.succeeded += counts.succeeded;
    sum.failed += counts.failed;
    sum.cancelled += counts.cancelled;
  }
  return sum;
};
