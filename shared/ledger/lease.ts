/**
 * Named leases: one worker at a time on a run or pass, whichever other workers are told to work on
 * it.
 */
import { randomUUID } from 'node:crypto';
import { ConflictError, LeasedError } from '../lib/errors.ts';
import type { Ledger } from './ledger.ts';

/** Renewed during the work, so after a crash other workers wait only this long. */
const LEASE_MS = 90_000;

/** Undefined, with nothing done, while another worker holds the lease. @throws what `work` throws */
export async function tryLease<Value>(
  ledger: Pick<Ledger, 'takeLease' | 'dropLease'>,
  name: string,
  now: () => Date,
  work: () => Promise<Value>,
): Promise<Value | undefined> {
  const owner = randomUUID();
  const take = () => ledger.takeLease(name, { owner, at: now(), leaseMs: LEASE_MS });
  if (!(await take())) return undefined;
  // A renewal that fails is tried again with the next one; the lease holds meanwhile.
  const renewal = setInterval(() => void take().catch(() => false), LEASE_MS / 3);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await ledger.dropLease(name, owner);
  }
}

/** @throws LeasedError (SHARD_LEASED) while another worker holds the lease; what `work` throws */
export async function withLease<Value>(
  ...[ledger, name, now, work]: Parameters<typeof tryLease<Value>>
): Promise<Value> {
  const held = await tryLease(ledger, name, now, async () => ({ value: await work() }));
  if (!held) throw new LeasedError(name);
  return held.value;
}

/** Turns a taken lease into the answer to an HTTP request that was sent twice at once. */
export function inProgress(error: unknown): never {
  if (!(error instanceof LeasedError)) throw error;
  throw new ConflictError('IN_PROGRESS', 'The same request is still being processed; try again.');
}

/** Held while a run is closed or reopened. */
export const runLeaseName = (runId: string): string => `run ${runId}`;
