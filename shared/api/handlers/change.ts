/**
 * The routes that tell where to upload a manifest, and that retry, pause, resume and cancel runs. All are safe to
 * repeat at any time.
 */
import { countFound, foundManifest } from '../../audit/resend.ts';
import { readAuditView } from '../../audit/view.ts';
import { inProgress } from '../../ledger/lease.ts';
import type { Run } from '../../ledger/model.ts';
import { ConflictError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { BUCKET } from '../../manifest/cos-names.ts';
import { cancelRun } from '../../runs/cancel.ts';
import { pauseRun } from '../../runs/pause.ts';
import { resumeRun } from '../../runs/resume.ts';
import { leftToSend, type RetryOptions, retryRun } from '../../runs/retry.ts';
import { runIdFrom } from '../../runs/task-runs.ts';
import { json } from '../../runtime/http.ts';
import { OWN_PREFIX } from '../../stores/layout.ts';
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

/**
 * Sends again what an audit found missing or different, as a run of its own.
 * @throws ConflictError (RUN_STATE, NOTHING_TO_RETRY); StoreError
 */
async function resendFound({ runId, target, closedAt }: Run, options: RetryOptions) {
  const { ledger, objects, planner } = options;
  const audit = await readAuditView(ledger, runId);
  if (!audit?.isWhole || !closedAt || target === undefined) {
    throw new ConflictError('RUN_STATE', 'The audit is not whole; there is nothing to send again.');
  }
  const { region, bucket, credentials } = target;
  const key = `${OWN_PREFIX}${region}/${bucket}/audit-${runId}.csv`;
  if (!BUCKET.test(bucket)) {
    const message = 'The target is not in COS: make OMS tasks from missing.csv and different.csv.';
    throw new ConflictError('ROUTE_ABSENT', message);
  }
  let ordered = 0;
  const count = () => {
    ordered += 1;
  };
  if (countFound(audit) > 0) await objects.put(key, foundManifest(objects, runId, count));
  if (ordered === 0) {
    const message = 'The audit found nothing that sending again would change.';
    throw new ConflictError('NOTHING_TO_RETRY', message);
  }
  const manifest = await planner.find(key);
  const run = { ...manifest, runId: runIdFrom('audit', runId) };
  // What differs from the source is at the target already.
  await planner.plan(run, 'http', { credentials, sameKey: { onKeyExist: 'override' } });
  return { runId: run.runId, ordered, pending: 0, unread: 0 };
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
    if (run.operation === 'audit-arrival') return json(202, await resendFound(run, options));
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
