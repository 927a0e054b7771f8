/**
 * Serves the HTTP API: reads runs, transfers and reports, starts, retries, pauses and cancels runs, and
 * serves the dashboard; calls no provider. Trigger: HTTP, `events/runs.json`. Repeating a request
 * that started a run finds the same run.
 */
import {
  expose,
  openAdvanceLater,
  openDeadLetters,
  openPlanLater,
  openQueue,
  openUploads,
} from '#wiring';
import { withAuditLog } from '../shared/api/audit-log.ts';
import { type Authorize, createBearer } from '../shared/api/auth.ts';
import { createStatic } from '../shared/api/dashboard-files.ts';
import { changeRoutes } from '../shared/api/handlers/change.ts';
import type { Route } from '../shared/api/handlers/common.ts';
import { migrationRoutes } from '../shared/api/handlers/migrations.ts';
import { reportRoutes } from '../shared/api/handlers/reports.ts';
import { runRoutes } from '../shared/api/handlers/runs.ts';
import { type ServiceOptions, serviceRoutes } from '../shared/api/handlers/service.ts';
import { type StartingOptions, startRoutes } from '../shared/api/handlers/start.ts';
import { noQuery, parseQuery, UPLOAD_PREFIXES } from '../shared/api/requests.ts';
import { RUNS_API } from '../shared/api/routes/index.ts';
import { routesOf } from '../shared/api/routes/route.ts';
import { InputError } from '../shared/lib/errors.ts';
import { own } from '../shared/lib/values.ts';
import { createDescribe } from '../shared/manifest/describe.ts';
import { createPlanner } from '../shared/runs/plan.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { overHttp } from '../shared/runtime/http.ts';
import type { Uploads } from '../shared/stores/objects.ts';
import { runsConfig } from '../shared/wiring/config/functions.ts';
import {
  API,
  CERTIFICATES,
  namesOf,
  PACE,
  SERVED,
  SOURCES,
} from '../shared/wiring/config/tables.ts';
import { openSourceList } from '../shared/wiring/documents.ts';
import { openParts } from '../shared/wiring/parts.ts';

export interface Deps extends Omit<StartingOptions, 'now'>, Omit<ServiceOptions, 'ledger' | 'now'> {
  readonly authorize: Authorize;
  /** Has the next step of a migration taken soon; elsewhere the clock looks. */
  readonly advanceLater?: ((migrationId: string) => Promise<void>) | undefined;
  readonly uploads: Uploads;
  readonly now?: () => Date;
}

const DESCRIBED = new Map(RUNS_API.map((described) => [described.route, described]));

export function createHandler({ authorize, ...given }: Deps) {
  const deps = { now: () => new Date(), ...given };
  const { ledger, log, objects, uploads } = deps;
  const routes: Readonly<Record<string, Route>> = {
    ...migrationRoutes(deps),
    ...runRoutes(ledger, createDescribe({ ledger, objects })),
    ...reportRoutes({ ledger, objects, reading: uploads.reading, now: deps.now }),
    ...serviceRoutes(deps),
    ...startRoutes(deps),
    ...changeRoutes(deps),
  };
  return overHttp(
    withAuditLog(async (request) => {
      const route = own(routes, request.routeKey);
      if (!route) throw new InputError('NOT_FOUND', 'There is no such route.');
      const { isPublic, query } = DESCRIBED.get(request.routeKey) ?? {};
      if (!isPublic && !query) parseQuery(noQuery, request.query);
      return route(request);
    }, deps),
    {
      authorize: (request) =>
        DESCRIBED.get(request.routeKey)?.isPublic ? undefined : authorize(request),
      log,
    },
  );
}

export const handler = expose(async (env) => {
  const config = runsConfig(env);
  const { ledger, log, objects } = await openParts(config);
  const [advanceLater, deadLetters, queue, planLater, uploads, sources] = await Promise.all([
    openAdvanceLater(config),
    openDeadLetters(config),
    openQueue(config),
    openPlanLater(config),
    openUploads(config),
    openSourceList(config.sources, config.allowHttps),
  ]);
  return createHandler({
    advanceLater,
    allowHttps: config.allowHttps,
    dashboard: createStatic({ folder: config.dashboard, uploadOrigin: uploads.origin }),
    authorize: createBearer(config.apiTokens),
    certificateKeys: config.certificateKeys,
    deadLetters,
    ledger,
    log,
    objects,
    planner: createPlanner({ ledger, objects, queue, shardBytes: config.shardBytes, log }),
    pace: config.pace,
    planLater,
    queue,
    sources,
    uploads,
  });
});

export const deployment: Deployment = {
  description: 'Reads runs, transfers and reports; starts, retries, pauses and cancels runs.',
  timeoutSeconds: 29,
  memoryMb: 512,
  http: routesOf(RUNS_API),
  files: ['.build/dashboard/**', '.build/functions/openapi.mjs'],
  environment: namesOf(API, CERTIFICATES, PACE, SERVED, SOURCES),
  uses: {
    ledger: ['read', 'list', 'write', 'remove'],
    indexes: ['failed', 'newest'],
    queue: 'send',
    deadLetters: true,
    objects: {
      read: [
        'cos-fetch/',
        'fetches/',
        'inventories/',
        'lists/',
        'migrations/',
        'reports/',
        'staging/',
      ],
      // Signed addresses carry its own rights.
      write: ['fetches/', 'staging/', ...UPLOAD_PREFIXES],
      remove: ['reports/', 'staging/'],
    },
    secrets: ['api', 'sources'],
    invokes: ['advance-migration', 'plan-manifest'],
  },
};
