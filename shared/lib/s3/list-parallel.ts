/**
 * Lists a bucket in several parts at the same time. What is between two parts belongs to none of the
 * prefixes they are cut by: a part ends with a key, and begins behind the end of the one before.
 */
import type { Bucket } from './bucket.ts';
import {
  compareKeys,
  type ListOptions,
  type ListPage,
  listPages,
  type Position,
  type Range,
} from './list.ts';

export interface ParallelOptions extends ListOptions {
  /** Parts that are listed at the same time. */
  readonly lanes: number;
  /** Pages that are read one by one first, as a short list is not worth cutting. @default 0 */
  readonly pagesBefore?: number;
}

/** Parts for each lane, as nobody knows how many keys a part has. */
const PARTS_PER_LANE = 8;

/** Pages of prefixes that cuts are chosen from. */
const PREFIX_PAGES = 4;

const MAX_DEPTH = 16;

/**
 * Pages of all parts as they come, for stores that list in the order of bytes.
 * @throws as `listPages`
 */
export async function* listParallel(
  bucket: Bucket,
  options: ParallelOptions,
): AsyncGenerator<ListPage> {
  const { lanes, pagesBefore = 0 } = options;
  let rest: Range = {};
  let last: string | undefined;
  let pages = 0;
  while (pages < pagesBefore) {
    for await (const page of listPages(bucket, options, rest)) {
      yield page;
      if (!page.rest) return;
      pages += 1;
      rest = page.rest;
      last = page.objects.at(-1)?.key ?? last;
      if (pages >= pagesBefore) break;
    }
  }
  const cuts = await findCuts(bucket, options, last, lanes * PARTS_PER_LANE);
  yield* sideBySide(
    toRanges(rest, cuts).map((range) => () => listPages(bucket, options, range)),
    lanes,
  );
}

/** Prefixes of keys behind `after`, in order; none where the list has no levels. */
async function findCuts(
  bucket: Bucket,
  options: ListOptions,
  after: string | undefined,
  most: number,
): Promise<readonly string[]> {
  let prefix = options.prefix;
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const found: string[] = [];
    let pages = 0;
    let isWhole = false;
    const from: Position = after === undefined ? {} : { after };
    // A cut before `after` would begin what is listed already.
    const isBehind = (name: string) => after === undefined || compareKeys(name, after) > 0;
    const level = { ...options, prefix, delimiter: '/' };
    for await (const page of listPages(bucket, level, { from })) {
      found.push(...page.prefixes);
      pages += 1;
      isWhole = !page.rest;
      if (pages >= PREFIX_PAGES) break;
    }
    const [only] = found;
    // All in one folder, maybe: cut what is in it.
    if (found.length === 1 && only !== undefined && isWhole && only !== prefix) prefix = only;
    else return spread(found.filter(isBehind), most);
  }
  return [];
}

/** At most so many of them, evenly. */
const spread = (names: readonly string[], most: number): readonly string[] =>
  names.length <= most
    ? names
    : Array.from({ length: most }, (_, at) => names[Math.floor((at * names.length) / most)] ?? '');

const toRanges = (rest: Range, cuts: readonly string[]): readonly Range[] =>
  [undefined, ...cuts].map((cut, at) => {
    const end = cuts[at];
    const from = cut === undefined ? rest.from : { after: cut };
    return { ...(from && { from }), ...(end !== undefined && { end }) };
  });

/** What the sources give, from so many at a time, in no order; the first failure ends all. */
async function* sideBySide<Item>(
  sources: readonly (() => AsyncGenerator<Item>)[],
  lanes: number,
): AsyncGenerator<Item> {
  const waiting = [...sources];
  const running = new Map<AsyncGenerator<Item>, Promise<Step<Item>>>();
  const advance = (source: AsyncGenerator<Item>): void => {
    const step = source.next().then(({ done, value }) => ({ source, done: done === true, value }));
    // Whoever fails is told when its turn comes; others may fail meanwhile.
    step.catch(() => {});
    running.set(source, step as Promise<Step<Item>>);
  };
  const fill = (): void => {
    while (running.size < lanes) {
      const next = waiting.shift();
      if (!next) return;
      advance(next());
    }
  };
  fill();
  while (running.size > 0) {
    const { source, done, value } = await Promise.race(running.values());
    if (done) {
      running.delete(source);
      fill();
    } else {
      advance(source);
      yield value;
    }
  }
}

interface Step<Item> {
  readonly source: AsyncGenerator<Item>;
  readonly done: boolean;
  readonly value: Item;
}
