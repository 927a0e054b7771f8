/**
 * Plans an uploaded manifest: opens its run, cuts its shards and queues them; calls no provider.
 * Triggers: upload, `events/plan-manifest.json`, or the same through EventBridge; `runs`, when a
 * request has no time to unpack. A repeated event finds the run it opened.
 */
import * as v from 'valibot';
import { expose, openQueue } from '#wiring';
import { createPlanner, type Planner } from '../shared/runs/plan.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { byTrigger, type PerUploadOptions, perUpload } from '../shared/runtime/per-upload.ts';
import type { ObjectInfo } from '../shared/stores/objects.ts';
import { planConfig } from '../shared/wiring/config/functions.ts';
import { namesOf, PLAN } from '../shared/wiring/config/tables.ts';
import { openParts } from '../shared/wiring/parts.ts';

export interface Deps extends PerUploadOptions<ObjectInfo> {
  readonly planner: Planner;
}

/** An order of `runs`. */
const ordered = v.object({ plan: v.object({ key: v.string(), runId: v.string() }) });

export const createHandler = ({ planner, ...deps }: Deps) =>
  byTrigger({
    upload: perUpload(
      'cos-fetch/',
      async (info) => (await planner.plan(planner.identify(info), 'upload')).runId,
      deps,
    ),
    order: [
      ordered,
      async ({ plan: { key, runId } }) => {
        await planner.plan({ ...(await planner.find(key)), runId }, 'http');
        return { runIds: [runId] };
      },
    ],
  });

export const handler = expose(async (env) => {
  const config = planConfig(env);
  const { ledger, log, objects } = await openParts(config);
  const [queue, { shardBytes }] = [await openQueue(config), config];
  const planner = createPlanner({ ledger, objects, queue, shardBytes, log });
  return createHandler({ log, objects, planner });
});

export const deployment: Deployment = {
  description: 'Opens the run of an uploaded manifest and queues its shards.',
  timeoutSeconds: 900,
  memoryMb: 512,
  uploads: ['cos-fetch/'],
  provider: 'tencent',
  environment: namesOf(PLAN),
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
