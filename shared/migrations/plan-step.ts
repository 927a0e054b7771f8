/** Planned: writes the plan, chooses the route, and waits for a start where one was asked for. */
import type { Cause } from '../lib/errors.ts';
import { parseSourceUrl } from '../manifest/sources/address.ts';
import { isSourceUrl } from '../manifest/url.ts';
import { createPlanCounts } from '../plans/counts.ts';
import type { MigrationPlan } from '../plans/plan.ts';
import { planRoutes } from '../plans/plan-routes.ts';
import { type PlanSource, planSource, urlSource } from '../plans/source.ts';
import { openWritten } from '../runs/written-list.ts';
import { planKey } from './ids.ts';
import { omsFault } from './oms-runs.ts';
import { movedKey, writtenOf } from './parts.ts';
import { isOmsRoute, latestRound, type MigrationRecord, type MigrationRoute } from './record.ts';
import { type Step, type StepOptions, targetOf } from './step.ts';

export const planStep: Step = async (migration, options) => {
  const { order, route } = migration;
  if (route === undefined) {
    const plan = await makePlan(migration, options);
    await options.objects.put(planKey(migration.migrationId), `${JSON.stringify(plan, null, 2)}\n`);
    const chosen = order.route === 'auto' ? (plan.recommended.route ?? undefined) : order.route;
    if (isOmsRoute(chosen)) {
      const fault = omsFault(migration, options) ?? routeFault(plan, chosen);
      if (fault) return { ...migration, state: 'paused', resumeTo: 'planned', error: fault };
    } else if (chosen !== undefined && chosen !== 'cos-fetch') {
      throw new Error(`no route ${chosen}`);
    }
    if (chosen === undefined && writtenOf(migration) > 0) return withoutRoute(migration, plan);
    return { ...migration, route: chosen ?? 'cos-fetch' };
  }
  if (!order.start && !migration.isStarted) return undefined;
  if (writtenOf(migration) === 0) return { ...migration, state: 'auditing' };
  return { ...migration, state: order.pilot > 0 ? 'pilot' : 'moving' };
};

/** Why the route that was asked for does not lead there. */
function routeFault({ routes }: MigrationPlan, route: MigrationRoute | undefined) {
  const message = routes.find((each) => each.route === route)?.unavailable?.message;
  return message === undefined ? undefined : routeAbsent(message);
}

const routeAbsent = (message: string): Cause => ({
  provider: 'waybill',
  code: 'ROUTE_ABSENT',
  class: 'request',
  message,
});

const withoutRoute = (migration: MigrationRecord, plan: MigrationPlan): MigrationRecord => ({
  ...migration,
  state: 'paused',
  resumeTo: 'planned',
  error: routeAbsent(plan.recommended.reason),
});

async function makePlan(migration: MigrationRecord, options: StepOptions): Promise<MigrationPlan> {
  const { allowHttps, now, objects, ratePerSecond } = options;
  const target = targetOf(migration);
  const counter = createPlanCounts(target);
  for await (const block of (await openWritten(movedKey(migration), objects)).blocks) {
    for (const entry of block) if (!('leftOut' in entry)) counter.add(entry.key, entry);
  }
  const address = migration.order.source ?? migration.order.list?.source;
  return planRoutes({
    counts: counter.counts(),
    source: await sourceOf(address, migration, options),
    target,
    ...(address !== undefined && { address }),
    excluded: latestRound(migration).list?.leftOut ?? {},
    allowHttps,
    ratePerSecond,
    now: now(),
  });
}

async function sourceOf(
  address: string | undefined,
  { order }: MigrationRecord,
  { sources }: StepOptions,
): Promise<PlanSource> {
  const parsed =
    address !== undefined && isSourceUrl(address) ? parseSourceUrl(address, 'prefix') : undefined;
  const found = parsed && !('fault' in parsed) ? sources.find(parsed) : undefined;
  if (!parsed || 'fault' in parsed || !found || 'names' in found) return urlSource;
  const isWhole = order.source !== undefined && order.filters === undefined;
  return planSource(sources, found, { prefix: parsed.key, isWhole });
}
