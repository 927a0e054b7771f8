/**
 * Takes the next steps of migrations: opens lists, cuts manifests, follows their runs; calls no
 * provider. Triggers: `runs`, `list-source` and `sweep`, `events/advance-migration.json`; a schedule,
 * for what they missed. Repeating is harmless.
 */
import * as v from 'valibot';
import {
  expose,
  openAdvanceLater,
  openAuditLater,
  openListLater,
  openPlanLater,
  openQueue,
} from '#wiring';
import { advance, advanceAll } from '../shared/migrations/advance.ts';
import { beginDue } from '../shared/migrations/schedule.ts';
import type { StepOptions } from '../shared/migrations/step.ts';
import { createOutbox, toAll } from '../shared/reporting/webhooks/outbox.ts';
import { createReceivers } from '../shared/reporting/webhooks/receiver.ts';
import { createPlanner } from '../shared/runs/plan.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import type { Invocation } from '../shared/runtime/per-message.ts';
import { advanceConfig } from '../shared/wiring/config/functions.ts';
import {
  ADVANCE,
  BATCH,
  namesOf,
  OMS_PROJECTS,
  SOURCE_TABLES,
} from '../shared/wiring/config/tables.ts';
import { openSources } from '../shared/wiring/documents.ts';
import { openParts } from '../shared/wiring/parts.ts';

export interface Deps extends StepOptions {
  /** Where a call ends before a migration waits. */
  readonly advanceLater?: ((migrationId: string) => Promise<void>) | undefined;
}

interface Advanced {
  readonly migrationIds: readonly string[];
}

const order = v.object({ migration: v.object({ migrationId: v.string() }) });

/** For the step that is being taken. */
const ENDING_MS = 240_000;

export const createHandler =
  ({ advanceLater, ...deps }: Deps) =>
  async (event?: unknown, { deadline: end }: Invocation = {}): Promise<Advanced> => {
    const deadline = end ? new Date(end.getTime() - ENDING_MS) : FOREVER;
    const ordered = v.safeParse(order, event);
    if (!ordered.success) {
      await beginDue(deps);
      return { migrationIds: await advanceAll({ ...deps, deadline }) };
    }
    const { migrationId } = ordered.output.migration;
    if ((await advance(migrationId, { ...deps, deadline })) === 'late') {
      await advanceLater?.(migrationId);
    }
    return { migrationIds: [migrationId] };
  };

/** The last instant of a Date. */
const FOREVER = new Date(8_640_000_000_000_000);

export const handler = expose(async (env) => {
  const config = advanceConfig(env);
  const { allowHttps, hasBatch, places, projects, ratePerSecond, shardBytes } = config;
  const { ledger, log, objects } = await openParts(config);
  const [advanceLater, startAudit, startList, planLater, queue, sources] = await Promise.all([
    openAdvanceLater(config),
    openAuditLater(config),
    openListLater(config),
    openPlanLater(config),
    openQueue(config),
    openSources(places, log),
  ]);
  return createHandler({
    advanceLater,
    allowHttps,
    hasBatch,
    ledger,
    log,
    now: () => new Date(),
    objects,
    outbox: toAll(createReceivers(config).map(({ name }) => createOutbox({ ledger, log, name }))),
    planLater,
    planner: createPlanner({ ledger, objects, queue, shardBytes, log }),
    projects,
    queue,
    ratePerSecond,
    shardBytes,
    sources,
    startAudit,
    startList,
  });
});

export const deployment: Deployment = {
  description: 'Takes the next steps of migrations: lists, manifests, runs.',
  timeoutSeconds: 900,
  memoryMb: 512,
  schedules: [{ name: 'migrations', expression: 'rate(5 minutes)' }],
  // The next one does what a failed one left.
  retries: 0,
  environment: namesOf(ADVANCE, { uin: BATCH.uin }, OMS_PROJECTS, ...SOURCE_TABLES),
  uses: {
    ledger: ['read', 'list', 'write', 'remove'],
    indexes: ['failed', 'newest', 'open'],
    queue: 'send',
    objects: {
      read: ['fetches/', 'lists/', 'migrations/', 'reports/', 'staging/'],
      write: ['fetches/', 'migrations/', 'staging/'],
      remove: ['staging/'],
    },
    secrets: ['credentials', 'sources', 'webhooks'],
    invokes: ['advance-migration', 'audit-arrival', 'list-source', 'plan-manifest'],
  },
};
