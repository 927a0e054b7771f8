/**
 * Runs the nightly pass: starts failed OMS tasks again where that can help, with only their failed
 * objects where the provider recorded them, and retries failed COS fetches. Trigger: cron,
 * `events/retry-failed-objects.json`; an event with `detail.continue` only continues what an
 * earlier call had no time or free slot for. Two firings for one moment are one pass.
 */
import * as v from 'valibot';
import { expose, openAdvanceLater, openQueue } from '#wiring';
import { parseWith } from '../shared/lib/validate.ts';
import { retryMigrations } from '../shared/migrations/nightly.ts';
import { nightlyPass, type PassAnswer, type PassOptions } from '../shared/runs/nightly/pass.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { parseSchedule } from '../shared/runtime/events.ts';
import { nightlyConfig } from '../shared/wiring/config/functions.ts';
import { HUAWEI_TABLES, NIGHT, namesOf } from '../shared/wiring/config/tables.ts';
import { connectOmsTasks } from '../shared/wiring/connect.ts';
import { openParts } from '../shared/wiring/parts.ts';

/** Less than the function may run. */
const BUDGET_MS = 780_000;

const nightlyDetail = v.object({ continue: v.optional(v.boolean()) });

export const createHandler =
  (deps: Omit<PassOptions, 'budgetMs'>) =>
  async (event?: unknown): Promise<PassAnswer> => {
    const { detail, time } = parseSchedule(event);
    const wanted = parseWith(nightlyDetail, detail, 'The detail of the schedule event');
    const firedFor = wanted.continue ? 'continue' : (time ?? deps.now());
    const options = { ...deps, budgetMs: BUDGET_MS };
    const answer = await nightlyPass(firedFor, options);
    if (answer.runId !== null) deps.log.info('nightly.done', { ...answer });
    return answer;
  };

export const handler = expose(async (env) => {
  const config = nightlyConfig(env);
  const { huawei, maxNights, shardBytes } = config;
  const { ledger, log, objects } = await openParts(config);
  const [advanceLater, queue] = await Promise.all([openAdvanceLater(config), openQueue(config)]);
  const now = () => new Date();
  const stores = { ledger, log, maxNights, now, objects };
  const onNight = () => retryMigrations({ ...stores, advanceLater });
  const common = { ...stores, onNight, queue, shardBytes };
  if (!huawei) return createHandler(common);
  const { open, sets, starter } = await connectOmsTasks(config, huawei, { ledger, log });
  const { projects, running } = huawei;
  return createHandler({ ...common, oms: { open, projects, running, sets, starter } });
});

export const deployment: Deployment = {
  description: 'Tries failed tasks and fetches again, every night.',
  timeoutSeconds: 900,
  memoryMb: 512,
  schedules: [
    { name: 'nightly', expression: 'cron(0 2 * * ? *)', parameter: 'nightlySchedule' },
    { name: 'nightly-continue', expression: 'rate(5 minutes)', detail: { continue: true } },
  ],
  reservedConcurrency: 1,
  environment: namesOf(...HUAWEI_TABLES, NIGHT),
  uses: {
    ledger: ['read', 'readMany', 'list', 'write', 'remove'],
    indexes: ['failed', 'newest', 'open'],
    queue: 'send',
    objects: {
      read: ['cos-fetch/', 'fetches/', 'migrations/', 'staging/'],
      write: ['fetches/', 'staging/'],
    },
    secrets: ['credentials', 'huawei'],
    invokes: ['advance-migration'],
  },
};
