/** Planned: writes the plan, chooses the route, and waits for a start where one was asked for. */
import type { Cause } from '../lib/errors.ts';
import { createPlanCounts } from '../plans/counts.ts';
import type { MigrationPlan } from '../plans/plan.ts';
import { planRoutes } from '../plans/plan-routes.ts';
import { planSource, urlSource } from '../plans/source.ts';
import { openWritten } from '../runs/written-list.ts';
import { batchFault, sourceOf } from './batch-runs.ts';
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
    const chosen = order.route === 'auto' ? autoRoute(plan, migration, options) : order.route;
    const isChecked = chosen === 'cos-batch' || isOmsRoute(chosen);
    const error = isChecked
      ? (serviceFault(chosen, migration, options) ?? routeFault(plan, chosen))
      : undefined;
    if (error) return { ...migration, state: 'paused', resumeTo: 'planned', error };
    if (chosen === undefined && writtenOf(migration) > 0) return withoutRoute(migration, plan);
    return { ...migration, route: chosen ?? 'cos-fetch' };
  }
  if (!order.start && !migration.isStarted) return undefined;
  if (writtenOf(migration) === 0) return { ...migration, state: 'auditing' };
  return { ...migration, state: order.pilot > 0 ? 'pilot' : 'moving' };
};

/** Of the routes that the plan finds, the first that this service is configured for. */
function autoRoute(plan: MigrationPlan, migration: MigrationRecord, options: StepOptions) {
  const usable = plan.routes.find(
    ({ available, route }) => available && !serviceFault(route, migration, options),
  );
  return usable?.route ?? plan.recommended.route ?? undefined;
}

/** What the service lacks for a route. */
function serviceFault(
  route: MigrationRoute | undefined,
  migration: MigrationRecord,
  options: StepOptions,
): Cause | undefined {
  if (isOmsRoute(route)) return omsFault(migration, options);
  return route === 'cos-batch' ? batchFault(options) : undefined;
}

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
  const { filters, list, source } = migration.order;
  const address = source ?? list?.source;
  const found = sourceOf(migration, options);
  const isWhole = source !== undefined && filters === undefined;
  return planRoutes({
    counts: counter.counts(),
    source: found
      ? await planSource(options.sources, found.config, { prefix: found.prefix, isWhole })
      : urlSource,
    target,
    ...(address !== undefined && { address }),
    excluded: latestRound(migration).list?.leftOut ?? {},
    allowHttps,
    ratePerSecond,
    now: now(),
  });
}
