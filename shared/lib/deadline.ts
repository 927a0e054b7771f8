/** Keeps to the time that a call or an answer may take. */

/** What one request may still take: its turn, its answer, and some repetitions. */
const WIND_DOWN_MS = 150_000;

/** Of the time there is, for short ones. */
const WIND_DOWN_SHARE = 1 / 3;

/** Instead of a value that did not come in time. */
export const LATE = Symbol('late');

/** What `work` gives, or `LATE`; `work` itself goes on, unheard. */
export async function inTime<Value>(
  work: Promise<Value>,
  ms: number,
): Promise<Value | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}

interface Timely<Item> extends AsyncIterable<readonly Item[]> {
  /** The first item that was not handed out; undefined while there is time. */
  readonly rest: Item | undefined;
}

interface UntilOptions {
  /** Undefined when there is none. */
  readonly deadline: Date | undefined;
  /** Ends them when it aborts. */
  readonly signal?: AbortSignal;
  /** Asked before each item. */
  readonly isOver?: () => boolean | Promise<boolean>;
  readonly now: () => Date;
}

/** The same items one by one, until the time is nearly over. */
export function untilTime<Item>(
  batches: AsyncIterable<readonly Item[]>,
  { deadline, signal, isOver = () => false, now }: UntilOptions,
): Timely<Item> {
  const leftMs = deadline === undefined ? 0 : deadline.getTime() - now().getTime();
  const lastMs =
    deadline === undefined
      ? Number.POSITIVE_INFINITY
      : deadline.getTime() - Math.min(WIND_DOWN_MS, leftMs * WIND_DOWN_SHARE);
  let rest: Item | undefined;
  async function* items(): AsyncGenerator<readonly Item[]> {
    for await (const batch of batches) {
      for (const item of batch) {
        if (signal?.aborted) return;
        if (now().getTime() >= lastMs || (await isOver())) {
          rest = item;
          return;
        }
        yield [item];
      }
    }
  }
  return {
    [Symbol.asyncIterator]: items,
    get rest() {
      return rest;
    },
  };
}
