/**
 * The routes that tell where to upload a manifest, and that retry, pause, resume and cancel runs. All are safe to
 * repeat at any time.
 */
import { inProgress } from '../../ledger/lease.ts';
import type { Run } from '../../ledger/model.ts';
import { ConflictError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { cancelRun } from '../../runs/cancel.ts';
import { pauseRun } from '../../runs/pause.ts';
import { resumeRun } from '../../runs/resume.ts';
import { leftToSend, type RetryOptions, retryRun } from '../../runs/retry.ts';
import { json } from '../../runtime/http.ts';
import type { Uploads } from '../../stores/objects.ts';
import { parseBody, retryBody, uploadBody } from '../requests.ts';
import type { CHANGE_ROUTES } from '../routes/change.ts';
import { findRun, type Routes } from './common.ts';

/** Its failures are counted and retried over all its runs. @throws ConflictError (RUN_STATE) */
function refuseOfMigration({ migrationId }: Run): void {
  if (migrationId === undefined) return;
  const message = `The run belongs to migration ${migrationId}; retry the migration.`;
  throw new ConflictError('RUN_STATE', message);
}

export const changeRoutes = (
  options: RetryOptions & { readonly log: Log; readonly uploads: Uploads },
): Routes<typeof CHANGE_ROUTES> => ({
  'POST /uploads': async ({ body }) =>
    json(200, await options.uploads.place(parseBody(uploadBody, body).key)),
  'POST /runs/{runId}/retry': async (request) => {
    const { class: classes } = parseBody(retryBody, request.body === '' ? '{}' : request.body);
    const run = await findRun(options.ledger, request);
    refuseOfMigration(run);
    const { runId } = run;
    const ordered = await retryRun(runId, classes, options).catch(inProgress);
    options.log.info('run.retried', { runId, ordered, ...(classes && { classes }) });
    return json(202, { runId, ordered, ...(await leftToSend(runId, ordered, options.ledger)) });
  },
  'POST /runs/{runId}/pause': async (request) => {
    const { runId } = await findRun(options.ledger, request);
    await pauseRun(runId, options);
    return json(202, { runId });
  },
  'POST /runs/{runId}/resume': async (request) => {
    const { runId } = await findRun(options.ledger, request);
    await resumeRun(runId, options);
    return json(202, { runId });
  },
  'POST /runs/{runId}/cancel': async (request) => {
    const run = await findRun(options.ledger, request);
    await cancelRun(run, options);
    return json(202, { runId: run.runId });
  },
});
