/**
 * Plans an uploaded manifest: opens its run, cuts its shards and queues them; calls no provider.
 * Triggers: upload, `events/plan-manifest.json`, or the same through EventBridge; `runs`, when a
 * request has no time to unpack. A repeated event finds the run it opened.
 */
import * as v from 'valibot';
import { expose, openLedger, openObjects, openQueue } from '#wiring';
import { InputError } from '../shared/lib/errors.ts';
import { createLog, type Log } from '../shared/lib/log.ts';
import { isManifestKey } from '../shared/manifest/key.ts';
import { createPlanner, type Planner } from '../shared/runs/plan.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { perUpload, type UploadsAnswer } from '../shared/runtime/per-upload.ts';
import { planConfig } from '../shared/wiring/config/functions.ts';

export interface Deps {
  readonly planner: Planner;
  readonly log: Log;
}

/** An order of `runs`. */
const ordered = v.object({ plan: v.object({ key: v.string(), runId: v.string() }) });

export function createHandler({ planner, log }: Deps) {
  const planUploads = perUpload(async (key) => {
    if (!isManifestKey(key)) {
      log.debug('upload.ignored', { key });
      return undefined;
    }
    try {
      return (await planner.plan(await planner.find(key), 'upload')).runId;
    } catch (error) {
      // Removed before we came: there is nothing left to repeat this event for.
      if (!(error instanceof InputError && error.code === 'NOT_FOUND')) throw error;
      log.warn('upload.gone', { key });
      return undefined;
    }
  }, log);

  return async (event: unknown): Promise<UploadsAnswer> => {
    if (!v.is(ordered, event)) return planUploads(event);
    const { key, runId } = event.plan;
    await planner.plan({ ...(await planner.find(key)), runId }, 'http');
    return { runIds: [runId] };
  };
}

export const handler = expose(async (env) => {
  const config = planConfig(env);
  const log = createLog({ level: config.logLevel });
  const [ledger, objects, queue] = await Promise.all([
    openLedger(config),
    openObjects(config),
    openQueue(config),
  ]);
  const { shardBytes } = config;
  return createHandler({
    log,
    planner: createPlanner({ ledger, objects, queue, shardBytes, log }),
  });
});

export const deployment: Deployment = {
  description: 'Opens the run of an uploaded manifest and queues its shards.',
  timeoutSeconds: 900,
  memoryMb: 512,
  uploads: ['cos-fetch/'],
  provider: 'tencent',
  environment: ['WAYBILL_SHARD_BYTES'],
  uses: {
    ledger: ['read', 'list', 'write'],
    queue: 'send',
    objects: {
      read: ['cos-fetch/', 'staging/'],
      write: ['staging/'],
      remove: ['staging/'],
    },
  },
};
