/** The intent windows that one worker writes over a shard, each before any of its lines is sent. */
import type { IntentWindow, Lease, Ledger, Mark } from './ledger.ts';
import type { Shard } from './shard.ts';
import type { RunWatch } from './stops.ts';
import type { Tally } from './tally.ts';

export interface Windows {
  /** False once the run has ended or another worker has the lease; looks at most once in ten seconds. */
  maySend(): boolean | Promise<boolean>;
  /** Resolves once a window over the line is durable; false when nothing more may be sent. */
  cover(line: number): boolean | Promise<boolean>;
  readonly written: readonly IntentWindow[];
}

export interface WindowOptions {
  readonly ledger: Ledger;
  readonly shard: Shard;
  readonly lease: Omit<Lease, 'at'>;
  /** Ends the sending: the run has ended, or the lease went to another worker. */
  readonly watch: Pick<RunWatch, 'signal' | 'stop'>;
  /** Lines that one durable write covers; what a crash leaves to resolve. @default 256 */
  readonly windowLines?: number;
  /** What the reader has seen so far, kept with each window. */
  readonly seen: () => Tally;
  /** Every line below has its row. */
  readonly settledBelow: () => number;
  readonly now: () => Date;
}

/** Between two checks that the run is active and this worker still holds the shard. */
const CHECK_MS = 10_000;

/** Between the marks of a shard: the most that is read to find one of its lines. */
export const MARK_BYTES = 524_288;

export function createWindows(options: WindowOptions): Windows {
  const { ledger, shard, lease, windowLines = 256, seen, settledBelow, now } = options;
  const { signal, stop } = options.watch;
  const written: IntentWindow[] = [];
  let covered = 0;
  let covering: Promise<void> = Promise.resolve();
  let checkedAt = now().getTime();
  let checking: Promise<unknown> | undefined;
  let marked = shard.start;

  /** Renews the lease too, and learns whether the run has ended. */
  const write = async (window: IntentWindow): Promise<boolean> => {
    const { at } = window;
    const tally = seen();
    const mark = markOf(tally, marked);
    const progress = { settledBelow: settledBelow(), ...(mark && { mark }) };
    const answer = await ledger.coverShard(shard, { ...lease, at }, window, tally, progress);
    if (answer !== 'covered') stop();
    else if (mark) marked = mark.byte;
    return answer === 'covered';
  };

  const extend = async (line: number): Promise<void> => {
    if (line < covered || signal.aborted) return;
    // To the end of the block, which acceptances are packed by.
    const window = { through: line - (line % windowLines) + windowLines, at: now() };
    if (!(await write(window))) return;
    covered = window.through;
    checkedAt = window.at.getTime();
    written.push(window);
  };

  return {
    // Retries and slow shards write no window for long, and would otherwise not notice a cancelled run.
    maySend() {
      const at = now();
      if (!checking && !signal.aborted && at.getTime() - checkedAt >= CHECK_MS) {
        checkedAt = at.getTime();
        // Covers no line.
        checking = write({ through: 0, at }).finally(() => {
          checking = undefined;
        });
      }
      return checking ? checking.then(() => !signal.aborted) : !signal.aborted;
    },
    /** One window at a time; transfers that wait for the same window share its write. */
    cover(line) {
      if (line < covered) return !signal.aborted;
      covering = covering.then(() => extend(line));
      return covering.then(() => !signal.aborted);
    },
    written,
  };
}

/** Where the reader is, when it is far enough from the mark before. */
const markOf = ({ lines, last = 0 }: Tally, marked: number): Mark | undefined =>
  last - marked < MARK_BYTES ? undefined : { line: lines, byte: last };
