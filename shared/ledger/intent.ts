/**
 * The write-ahead intent of one shard: decides for each of its transfers whether it may be sent,
 * and as which attempt.
 *
 * A line below an earlier window that has no row, or a row that is `submitting`, is an open intent:
 * a worker may have sent it. It is resolved with the provider, never blindly repeated (promise G2).
 */
import { RunStoppedError, UnsettledError } from '../lib/errors.ts';
import type { IntentWindow, OpenedShard } from './ledger.ts';
import type { PlannedTransfer } from './manifest-lines.ts';
import type { Acceptance, Transfer, TransferUpdate } from './model.ts';
import { createPacks } from './packs.ts';
import { createWindows, type WindowOptions } from './windows.ts';

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
  /** The provider took the first attempt of a line; in a pack where the ledger asks for that. */
  accept(acceptance: Acceptance): Promise<void>;
  /** The line from `next` has its row, or is accepted. */
  settle(line: number): void;
  /** Makes every acceptance durable. */
  flush(): Promise<void>;
  /** Returns an attempt from `next` that never left, because the run ended before its turn. */
  giveBack(transfer: PlannedTransfer, attempt: number): Promise<void>;
  /** All windows, when no line from `line` on was submitted by this worker. */
  windowsBelow(line: number): readonly IntentWindow[];
  /** The first line that this worker did not send because it was stopped. */
  readonly unsentFrom: number;
  /** Aborts once nothing more may be sent. */
  readonly signal: AbortSignal;
}

interface IntentOptions extends Omit<WindowOptions, 'settledBelow'> {
  readonly opened: OpenedShard;
  readonly settleMs: number;
}

export function createIntent(options: IntentOptions): Intent {
  const { ledger, shard, opened, watch, settleMs, now } = options;
  const { signal, stop } = watch;
  const packs = createPacks(ledger, shard);
  /** Lines from `next`, which go in order, that have no row yet. */
  const open = new Set<number>();
  const settledBelow = (): number => {
    if (open.size === 0) return 0;
    let first = packs.heldFrom();
    for (const line of open) first = Math.min(first, line);
    return first;
  };
  const windows = createWindows({ ...options, settledBelow });
  let unsentFrom = Number.POSITIVE_INFINITY;

  /** What an earlier worker wrote over a line, which it may have sent. */
  const openWindow = (line: number): IntentWindow | undefined =>
    opened.windows.find(({ through }) => line < through);

  const unsent = (line: number): undefined => {
    unsentFrom = Math.min(unsentFrom, line);
  };

  const record = (
    transfer: PlannedTransfer,
    update: Pick<TransferUpdate, 'state' | 'attempt' | 'event'>,
  ): Promise<void> =>
    ledger.record(transfer.id, { ...update, accepted: [], at: now(), object: transfer });

  const resolveOpen = async (
    transfer: PlannedTransfer,
    { attempt, heardAt, since }: { attempt: number; heardAt: Date; since: Date },
    resolve: Resolve,
  ): Promise<number | undefined> => {
    if (now().getTime() - heardAt.getTime() < settleMs) throw new UnsettledError(transfer.id);
    if (await resolve(transfer, since)) {
      await record(transfer, { state: 'succeeded', attempt, event: 'resolved' });
      return undefined;
    }
    await record(transfer, { state: 'submitting', attempt: attempt + 1, event: 'resolved' });
    return attempt + 1;
  };

  /** Before the request left: that it was not answered is noted after the object may have arrived. */
  const begunAt = ({ attempt, history, line, updatedAt }: Transfer): Date =>
    history.find((entry) => entry.attempt === attempt && entry.event !== 'unanswered')?.at ??
    openWindow(line)?.at ??
    updatedAt;

  return {
    async next(transfer, resolve) {
      const { line } = transfer;
      open.add(line);
      if (!(await windows.maySend())) return unsent(line);
      if (opened.settled(line)) return undefined;
      const known = opened.transfers.get(line);
      if (known === undefined) {
        const window = openWindow(line);
        if (window === undefined) return (await windows.cover(line)) ? 1 : unsent(line);
        return resolveOpen(transfer, { attempt: 1, heardAt: window.at, since: window.at }, resolve);
      }
      const { attempt, state, updatedAt } = known;
      if (state === 'planned') {
        await record(transfer, { state: 'submitting', attempt, event: 'submitting' });
        return attempt;
      }
      if (state === 'submitting') {
        const since = begunAt(known);
        return resolveOpen(transfer, { attempt, heardAt: updatedAt, since }, resolve);
      }
      return undefined;
    },
    accept: packs.add,
    settle: (line) => void open.delete(line),
    flush: packs.flush,
    stop,
    async checkRun() {
      if (!(await windows.maySend())) throw new RunStoppedError(shard.runId);
    },
    async giveBack(transfer, attempt) {
      const { line } = transfer;
      unsent(line);
      if (!opened.transfers.has(line) && openWindow(line) === undefined) return;
      // Its row says that it may have been sent.
      await record(transfer, { state: 'planned', attempt: attempt + 1, event: 'ordered' });
    },
    windowsBelow: (line) => [
      // Lines of earlier workers may have been sent, whatever this one did.
      ...opened.windows,
      ...windows.written.map(({ through, at }) => ({ through: Math.min(through, line), at })),
    ],
    get unsentFrom() {
      return unsentFrom;
    },
    signal,
  };
}
