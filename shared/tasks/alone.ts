/** One worker at a time on whatever a name stands for, whoever else is told to work on it. */
import { randomUUID } from 'node:crypto';
import { ConflictError, LeasedError } from '../errors.ts';
import type { Ledger } from '../ledger/port.ts';

/** Longer than a function may run. */
const LEASE_MS = 20 * 60_000;

/** @throws LeasedError (SHARD_LEASED) when another worker is at it; what `work` throws */
export async function alone<Value>(
  ledger: Pick<Ledger, 'takeLease' | 'dropLease'>,
  name: string,
  now: () => Date,
  work: () => Promise<Value>,
): Promise<Value> {
  const owner = randomUUID();
  if (!(await ledger.takeLease(name, { owner, at: now(), leaseMs: LEASE_MS }))) {
    throw new LeasedError(name);
  }
  try {
    return await work();
  } finally {
    await ledger.dropLease(name, owner);
  }
}

/** For a caller who waits: the same request twice at once. */
export function inProgress(error: unknown): never {
  if (!(error instanceof LeasedError)) throw error;
  throw new ConflictError('IN_PROGRESS', 'The same request is being worked on; ask again.');
}
