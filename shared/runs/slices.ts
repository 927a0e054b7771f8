/**
 * How long a worker keeps a shard while other runs wait: a slice, after which the shard goes to the
 * back of its run's messages (promise G11).
 */
import type { Ledger } from '../ledger/ledger.ts';

/** Between two looks at how many runs there are. */
const LOOK_MS = 1_000;

/**
 * Shared by all runs that wait. Two workers before queues that hold four shards of each run come round
 * in twice the time.
 */
const ROUND_MS = 24_000;

/** What taking up a shard costs must stay small beside it. */
const SHORTEST_MS = 2_000;

/** Begins a slice; what it returns tells whether that is over. */
type Slices = () => () => boolean | Promise<boolean>;

export function createSlices({
  ledger,
  now,
}: {
  readonly ledger: Pick<Ledger, 'countSending'>;
  readonly now: () => Date;
}): Slices {
  let others = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    lookedAt = now().getTime();
    // Its own run is one of them; when nobody knows, what was known holds.
    others = await ledger.countSending().then(
      (runs) => runs - 1,
      () => others,
    );
  };
  return () => {
    const begunAt = now().getTime();
    const isOver = (): boolean =>
      others > 0 && now().getTime() - begunAt >= Math.max(SHORTEST_MS, ROUND_MS / (others + 1));
    return () => {
      if (now().getTime() - lookedAt >= LOOK_MS) {
        looking ??= look().finally(() => {
          looking = undefined;
        });
      }
      return looking ? looking.then(isOver) : isOver();
    };
  };
}
