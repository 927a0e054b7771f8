/** Retries and cancels runs. Both may be asked for again at any time. */
import { parseBody, retryBody } from '../api/bodies.ts';
import type { Log } from '../log.ts';
import { json } from '../middleware.ts';
import { cancelRun } from '../steering/cancelling.ts';
import { type RetryingOptions, retryRun } from '../steering/retrying.ts';
import { inProgress } from '../tasks/alone.ts';
import { findRun, type Routes } from './types.ts';

export const steeringRoutes = (options: RetryingOptions & { readonly log: Log }): Routes => ({
  'POST /runs/{runId}/retry': async (request) => {
    const { class: classes } = parseBody(retryBody, request.body === '' ? '{}' : request.body);
    const { runId } = await findRun(options.ledger, request);
    const ordered = await retryRun(runId, classes, options).catch(inProgress);
    options.log.info('run.retried', { runId, ordered, ...(classes && { classes }) });
    return json(202, { runId, ordered });
  },
  'POST /runs/{runId}/cancel': async (request) => {
    const run = await findRun(options.ledger, request);
    await cancelRun(run, options);
    return json(202, { runId: run.runId });
  },
});
