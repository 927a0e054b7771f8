/** Stops handing out work early enough for running work to end before the call's deadline. */

/** What one request may still take: its turn, its answer, and some repetitions. */
const WIND_DOWN_MS = 150_000;

/** Of the time there is, for short ones. */
const WIND_DOWN_SHARE = 1 / 3;

/** Handed out at once; between them the clock is looked at. */
const SLICE = 16;

export interface Timely<Item> extends AsyncIterable<readonly Item[]> {
  /** The first item that was not handed out; undefined while there is time. */
  readonly rest: Item | undefined;
}

/**
 * The same items, until the time is nearly over.
 * @param deadline undefined when there is none
 * @param signal ends them when it aborts
 */
export function untilTime<Item>(
  batches: AsyncIterable<readonly Item[]>,
  deadline: Date | undefined,
  now: () => Date,
  signal?: AbortSignal,
): Timely<Item> {
  const leftMs = deadline === undefined ? 0 : deadline.getTime() - now().getTime();
  const lastMs =
    deadline === undefined
      ? Number.POSITIVE_INFINITY
      : deadline.getTime() - Math.min(WIND_DOWN_MS, leftMs * WIND_DOWN_SHARE);
  let rest: Item | undefined;
  async function* slices(): AsyncGenerator<readonly Item[]> {
    for await (const batch of batches) {
      for (let at = 0; at < batch.length; at += SLICE) {
        if (signal?.aborted) return;
        if (now().getTime() >= lastMs) {
          rest = batch[at];
          return;
        }
        yield batch.slice(at, at + SLICE);
      }
    }
  }
  return {
    [Symbol.asyncIterator]: slices,
    get rest() {
      return rest;
    },
  };
}
