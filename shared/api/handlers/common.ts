/**
 * Helpers that the routes of `runs` share: finding a run, and keeping answers within their size
 * limit.
 */
import type { Ledger } from '../../ledger/ledger.ts';
import type { Run } from '../../ledger/model.ts';
import { InputError } from '../../lib/errors.ts';
import type { HttpAnswer, HttpRequest } from '../../runtime/http.ts';
import type { RouteDescription } from '../routes/route.ts';

export type Route = (request: HttpRequest) => Promise<HttpAnswer>;

/** A handler for each of these routes, such as `GET /runs/{runId}`. */
export type Routes<Described extends readonly Pick<RouteDescription, 'route'>[]> = Readonly<
  Record<Described[number]['route'], Route>
>;

export const absent = (path: string, message: string, text: string): InputError =>
  new InputError('NOT_FOUND', text, [{ path, message }]);

/** What an id is made of; a store may refuse to look for anything longer. */
const RUN_ID = /^[\w-]{1,64}$/;

/** @throws InputError (NOT_FOUND) */
export async function findRun(
  ledger: Pick<Ledger, 'run'>,
  { params }: Pick<HttpRequest, 'params'>,
): Promise<Run> {
  const runId = params['runId'] ?? '';
  const run = RUN_ID.test(runId) ? await ledger.run(runId) : undefined;
  if (run) return run;
  throw absent('runId', 'expected the id of a run', 'There is no such run.');
}

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
