/**
 * Lists buckets of sources and inventories into the object store, under `lists/`. Triggers: HTTP,
 * `events/list-source.json`; upload of an inventory's manifest, `events/list-source-upload.json`; a
 * schedule, which goes on with what a killed call left. A list goes on from its checkpoint, so
 * repeating loses and doubles nothing.
 */
import { expose, openAdvanceLater, openLater } from '#wiring';
import { createBearer } from '../shared/api/auth.ts';
import { createListHandler } from '../shared/api/handlers/lists.ts';
import { LIST_ROUTES } from '../shared/api/routes/lists.ts';
import { routesOf } from '../shared/api/routes/route.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { listConfig } from '../shared/wiring/config/functions.ts';
import { API, namesOf, SOURCE_TABLES } from '../shared/wiring/config/tables.ts';
import { openSources } from '../shared/wiring/documents.ts';
import { openParts } from '../shared/wiring/parts.ts';

export { createListHandler as createHandler };

export const handler = expose(async (env) => {
  const config = listConfig(env);
  const { apiTokens, places } = config;
  const { ledger, log, objects } = await openParts(config);
  const [advanceLater, later, sources] = await Promise.all([
    openAdvanceLater(config),
    openLater(config),
    openSources(places, log),
  ]);
  const authorize = createBearer(apiTokens);
  return createListHandler({ advanceLater, authorize, later, ledger, log, objects, sources });
});

export const deployment: Deployment = {
  description: 'Lists buckets of sources and inventories.',
  timeoutSeconds: 900,
  memoryMb: 512,
  http: routesOf(LIST_ROUTES),
  uploads: ['inventories/'],
  provider: 'tencent',
  schedules: [{ name: 'lists', expression: 'rate(5 minutes)' }],
  environment: namesOf(API, ...SOURCE_TABLES),
  uses: {
    ledger: ['read', 'list', 'write', 'remove'],
    indexes: ['newest', 'open'],
    objects: { read: ['inventories/', 'lists/'], write: ['lists/'], remove: ['lists/'] },
    secrets: ['api', 'credentials', 'sources'],
    // Itself, for what one call has no time for.
    invokes: ['list-source', 'advance-migration'],
  },
};
