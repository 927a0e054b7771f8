/**
 * How long an answer may be. A function answers in JSON, 6 MB at most, in which the body is one text:
 * quotes, backslashes and line ends count twice there.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */

/** With room for headers. */
const MAX_ANSWER_BYTES = 6_000_000;

const sizeOf = (body: string): number => Buffer.byteLength(JSON.stringify(body));

export const fits = (body: string): boolean => sizeOf(body) <= MAX_ANSWER_BYTES;

/** How many of the first items fit into one answer; at least one. */
export function howManyFit(items: readonly unknown[], maxBytes = MAX_ANSWER_BYTES): number {
  let bytes = 0;
  for (const [at, item] of items.entries()) {
    bytes += sizeOf(JSON.stringify(item));
    if (bytes > maxBytes) return Math.max(at, 1);
  }
  return items.length;
}
