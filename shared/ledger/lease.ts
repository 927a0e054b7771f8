/** One worker at a time on whatever a name stands for, whoever else is told to work on it. */
import { randomUUID } from 'node:crypto';
import { ConflictError, LeasedError } from '../lib/errors.ts';
import type { Ledger } from './ledger.ts';

/** Renewed while the work goes on, so that after a death others wait only so long. */
const LEASE_MS = 90_000;

/** @throws LeasedError (SHARD_LEASED) when another worker is at it; what `work` throws */
export async function withLease<Value>(
  ledger: Pick<Ledger, 'takeLease' | 'dropLease'>,
  name: string,
  now: () => Date,
  work: () => Promise<Value>,
): Promise<Value> {
  const owner = randomUUID();
  const take = () => ledger.takeLease(name, { owner, at: now(), leaseMs: LEASE_MS });
  if (!(await take())) throw new LeasedError(name);
  // A renewal that fails is tried again with the next one; the lease holds meanwhile.
  const renewal = setInterval(() => void take().catch(() => false), LEASE_MS / 3);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await ledger.dropLease(name, owner);
  }
}

/** For a caller who waits: the same request twice at once. */
export function inProgress(error: unknown): never {
  if (!(error instanceof LeasedError)) throw error;
  throw new ConflictError('IN_PROGRESS', 'The same request is being worked on; ask again.');
}

/** Held by whoever closes a run, or goes on with one that has ended. */
export const runLeaseName = (runId: string): string => `run ${runId}`;
