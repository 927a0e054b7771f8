/**
 * The write-ahead intent of one shard: decides for each of its transfers whether it may be sent,
 * and as which attempt.
 *
 * A line below an earlier window that has no row, or a row that is `submitting`, is an open intent:
 * a worker may have sent it. It is resolved with the provider, never blindly repeated (promise G2).
 */
import { RunStoppedError, UnsettledError } from '../lib/errors.ts';
import type { IntentWindow, Lease, Ledger, OpenedShard } from './ledger.ts';
import type { Transfer, TransferUpdate } from './model.ts';
import type { PlannedTransfer, Shard } from './shard.ts';
import type { RunWatch } from './stops.ts';
import type { Tally } from './tally.ts';

/** Checks whether an open submission arrived: true when the object was written after `since`. */
export type Resolve = (
  transfer: Pick<PlannedTransfer, 'key' | 'md5' | 'target'>,
  since: Date,
) => Promise<boolean>;

export interface Intent {
  /**
   * The attempt under which to send the transfer now; undefined when it is settled or must not be
   * sent any more. Durable before it resolves.
   * @throws UnsettledError (UNSETTLED) when an open intent is younger than the settle time
   */
  next(transfer: PlannedTransfer, resolve: Resolve): Promise<number | undefined>;
  /** Sends nothing more: the run ended, or the lease went to another worker. */
  stop(): void;
  /**
   * Checks that the run is still active, right before a request leaves; reads the ledger at most
   * once in ten seconds. @throws RunStoppedError (RUN_STOPPED); StoreError
   */
  checkRun(): Promise<void>;
  /** Returns an attempt from `next` that never left, because the run ended before its turn. */
  giveBack(transfer: PlannedTransfer, attempt: number): Promise<void>;
  /** All windows, when no line from `line` on was submitted by this worker. */
  windowsBelow(line: number): readonly IntentWindow[];
  /** The first line that this worker did not send because it was stopped. */
  readonly unsentFrom: number;
  /** Aborts once nothing more may be sent. */
  readonly signal: AbortSignal;
}

export interface IntentOptions {
  readonly ledger: Ledger;
  readonly shard: Shard;
  readonly opened: OpenedShard;
  readonly lease: Omit<Lease, 'at'>;
  /** Ends the sending: the run has ended, or the lease went to another worker. */
  readonly watch: Pick<RunWatch, 'signal' | 'stop'>;
  readonly settleMs: number;
  /** Lines that one durable write covers; what a crash leaves to resolve. @default 256 */
  readonly windowLines?: number;
  /** What the reader has seen so far, kept with each window. */
  readonly seen: () => Tally;
  readonly now: () => Date;
}

/** Between two checks that the run is active and this worker still holds the shard. */
const CHECK_MS = 10_000;

export function createIntent({
  ledger,
  shard,
  opened,
  lease,
  watch,
  settleMs,
  windowLines = 256,
  seen,
  now,
}: IntentOptions): Intent {
  const { signal, stop } = watch;
  let unsentFrom = Number.POSITIVE_INFINITY;
  const written: IntentWindow[] = [];
  let covered = 0;
  let covering: Promise<void> = Promise.resolve();
  let checkedAt = now().getTime();
  let checking: Promise<void> | undefined;

  /** What an earlier worker wrote over a line, which it may have sent. */
  const openWindow = (line: number): IntentWindow | undefined =>
    opened.windows.find(({ through }) => line < through);

  /** Covers no line: renews the lease and learns whether the run has ended. */
  const checkLedger = async (): Promise<void> => {
    const at = now();
    checkedAt = at.getTime();
    const window = { through: 0, at };
    const answer = await ledger.coverShard(shard, { ...lease, at }, window, seen());
    if (answer !== 'covered') stop();
  };

  /** Retries and slow shards write no window for long, and would otherwise not notice a cancelled run. */
  const maySend = async (): Promise<boolean> => {
    if (!signal.aborted && now().getTime() - checkedAt >= CHECK_MS) {
      checking ??= checkLedger().finally(() => {
        checking = undefined;
      });
    }
    await checking;
    return !signal.aborted;
  };

  const cover = async (line: number): Promise<void> => {
    if (line < covered || signal.aborted) return;
    const window = { through: line + windowLines, at: now() };
    const answer = await ledger.coverShard(shard, { ...lease, at: window.at }, window, seen());
    if (answer !== 'covered') {
      stop();
      return;
    }
    covered = window.through;
    checkedAt = window.at.getTime();
    written.push(window);
  };

  const unsent = (line: number): undefined => {
    unsentFrom = Math.min(unsentFrom, line);
  };

  /** One window at a time; transfers that wait for the same window share its write. */
  const first = async (line: number): Promise<number | undefined> => {
    if (line >= covered) {
      covering = covering.then(() => cover(line));
      await covering;
    }
    return signal.aborted ? unsent(line) : 1;
  };

  const resolveOpen = async (
    transfer: PlannedTransfer,
    { attempt, heardAt, since }: { attempt: number; heardAt: Date; since: Date },
    resolve: Resolve,
  ): Promise<number | undefined> => {
    if (now().getTime() - heardAt.getTime() < settleMs) throw new UnsettledError(transfer.id);
    const arrived = await resolve(transfer, since);
    const update = (state: TransferUpdate['state'], number: number): TransferUpdate => ({
      state,
      attempt: number,
      accepted: [],
      at: now(),
      event: 'resolved',
      object: transfer,
    });
    if (arrived) {
      await ledger.record(transfer.id, update('succeeded', attempt));
      return undefined;
    }
    await ledger.record(transfer.id, update('submitting', attempt + 1));
    return attempt + 1;
  };

  /** Before the request left: that it was not answered is noted after the object may have arrived. */
  const begunAt = ({ attempt, history, line, updatedAt }: Transfer): Date =>
    history.find((entry) => entry.attempt === attempt && entry.event !== 'unanswered')?.at ??
    opened.windows.find(({ through }) => line < through)?.at ??
    updatedAt;

  /** A callback outlived the worker that knew the object: reports need its source and key. */
  const describe = (transfer: PlannedTransfer, { state, attempt }: Transfer): Promise<void> =>
    ledger.record(transfer.id, {
      state,
      attempt,
      accepted: [],
      at: now(),
      event: 'resolved',
      object: transfer,
    });

  return {
    async next(transfer, resolve) {
      if (!(await maySend())) return unsent(transfer.line);
      const known = opened.transfers.get(transfer.line);
      if (known === undefined) {
        const window = openWindow(transfer.line);
        if (window === undefined) return first(transfer.line);
        return resolveOpen(transfer, { attempt: 1, heardAt: window.at, since: window.at }, resolve);
      }
      if (known.state === 'planned') {
        const { attempt } = known;
        const update = { state: 'submitting', attempt, accepted: [], at: now() } as const;
        await ledger.record(transfer.id, { ...update, event: 'submitting', object: transfer });
        return attempt;
      }
      if (known.state === 'submitting') {
        const { attempt, updatedAt } = known;
        return resolveOpen(
          transfer,
          { attempt, heardAt: updatedAt, since: begunAt(known) },
          resolve,
        );
      }
      if (known.object === undefined) await describe(transfer, known);
      return undefined;
    },
    stop,
    async checkRun() {
      if (!(await maySend())) throw new RunStoppedError(shard.runId);
    },
    async giveBack(transfer, attempt) {
      unsent(transfer.line);
      const isByWindow =
        !opened.transfers.has(transfer.line) && openWindow(transfer.line) === undefined;
      if (isByWindow) return;
      // Its row says that it may have been sent.
      const update = { state: 'planned', attempt: attempt + 1, accepted: [], at: now() } as const;
      await ledger.record(transfer.id, { ...update, event: 'ordered', object: transfer });
    },
    windowsBelow: (line) => [
      // Lines of earlier workers may have been sent, whatever this one did.
      ...opened.windows,
      ...written.map(({ through, at }) => ({ through: Math.min(through, line), at })),
    ],
    get unsentFrom() {
      return unsentFrom;
    },
    signal,
  };
}
