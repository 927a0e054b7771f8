/** What routes of `runs` have in common. */

import { InputError } from '../errors.ts';
import type { HttpRequest } from '../events.ts';
import type { Ledger, Run } from '../ledger/port.ts';
import type { HttpAnswer } from '../middleware.ts';

export type Route = (request: HttpRequest) => Promise<HttpAnswer>;
/** By method and path, such as `GET /runs/{runId}`. */
export type Routes = Readonly<Record<string, Route>>;

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
