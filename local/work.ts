/** What calls functions without a request: uploads, the queue and the clock. */
import { onWake, type openStores } from '#wiring';
import * as advanceMigration from '../functions/advance-migration.ts';
import * as auditArrival from '../functions/audit-arrival.ts';
import * as cosBatchJob from '../functions/cos-batch-job.ts';
import * as cosOfflineFetch from '../functions/cos-offline-fetch.ts';
import * as listSource from '../functions/list-source.ts';
import * as omsV2CreateTask from '../functions/oms-v2-create-task.ts';
import * as retryFailedObjects from '../functions/retry-failed-objects.ts';
import * as sweep from '../functions/sweep.ts';
import type { Log } from '../shared/lib/log.ts';
import type { StoresConfig } from '../shared/stores/config.ts';
import { startCron } from './cron.ts';
import { FUNCTIONS } from './functions.ts';
import type { EventHandler } from './http.ts';
import { startInbox } from './inbox.ts';
import { startPump } from './pump.ts';
import { startRetention } from './retention.ts';
import type { Settings } from './settings.ts';

export interface WorkOptions {
  readonly settings: Settings & { readonly lookMs: number | undefined };
  readonly config: StoresConfig;
  readonly stores: Awaited<ReturnType<typeof openStores>>;
  readonly log: Log;
}

/** @param started ends it, in reverse order */
export async function startWork(
  { settings, config, stores: { ledger, queue, objects }, log }: WorkOptions,
  started: AsyncDisposableStack,
) {
  let wakePump = (): void => {};
  const inbox = await startInbox({
    objects,
    folder: config.objects.kind === 'folder' ? objects.bucket : undefined,
    uploads: FUNCTIONS.flatMap(({ handler, deployment }) =>
      (deployment.uploads ?? []).map((prefix): [string, EventHandler] => [prefix, handler]),
    ),
    log,
    onPlanned: () => wakePump(),
  });
  const pump = startPump({
    queue,
    handler: cosOfflineFetch.handler,
    log,
    concurrency: settings.pumpConcurrency,
    retryMs: retryMsOf(settings),
  });
  wakePump = pump.wake;
  const forget = queue.onMessage?.(pump.wake);
  const cron = startCron({
    ledger,
    sweep: sweep.handler,
    nightly: retryFailedObjects.handler,
    lists: listSource.handler,
    migrations: advanceMigration.handler,
    audits: auditArrival.handler,
    copies: cosBatchJob.handler,
    creations: omsV2CreateTask.handler,
    retryCron: settings.retryCron,
    log,
    sweepMs: settings.sweepMs,
    ...(settings.lookMs !== undefined && { lookMs: settings.lookMs }),
  });
  const retention = startRetention({ ledger, days: config.retentionDays, log });
  started.defer(onWake(cron.wake));
  // The server stays open meanwhile, for the callbacks of what is still being sent.
  started.defer(async () => {
    forget?.();
    await Promise.all([inbox.stop(), pump.stop(), cron.stop(), retention.stop()]);
  });
  return inbox;
}

/** Before a message comes back the first time. */
export const retryMsOf = ({ settleMs }: Pick<Settings, 'settleMs'>): number =>
  Math.max(1_000, settleMs);
