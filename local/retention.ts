/** Removes runs that ended long ago, once a day, from ledgers where nothing expires by itself. */
import { randomUUID } from 'node:crypto';
import type { Ledger } from '../shared/ledger/ledger.ts';
import type { Log } from '../shared/lib/log.ts';
import { atMost, STOP_MS } from './at-most.ts';

export interface RetentionOptions {
  readonly ledger: Pick<Ledger, 'removeEnded' | 'takeLease'>;
  /** 0 keeps everything. */
  readonly days: number;
  readonly log: Log;
}

const DAY_MS = 86_400_000;

/** One service of several does it. */
const LEASE_MS = 3_600_000;

export function startRetention({ ledger, days, log }: RetentionOptions) {
  const ending = new AbortController();
  const owner = randomUUID();

  const remove = async (): Promise<void> => {
    if (!ledger.removeEnded || days === 0) return;
    const at = new Date();
    if (!(await ledger.takeLease('retention', { owner, at, leaseMs: LEASE_MS }))) return;
    const before = new Date(at.getTime() - days * DAY_MS);
    const runs = await ledger.removeEnded(before, ending.signal);
    if (runs > 0) log.info('retention.removed', { runs, before: before.toISOString() });
  };

  let underWay: Promise<void>;
  const run = (): void => {
    underWay = remove().catch((error: unknown) => log.error('retention.failed', {}, error));
  };
  const timer = setInterval(run, DAY_MS);
  run();
  return {
    /** The next one does what is left. */
    async stop(): Promise<void> {
      clearInterval(timer);
      ending.abort();
      await atMost(underWay, STOP_MS);
    },
  };
}
