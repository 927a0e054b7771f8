/**
 * Compares what should be in a target with what is there, by lists and HEADs. Triggers: HTTP,
 * `events/audit-arrival.json`; a schedule, which goes on with what a killed call left. An audit goes on
 * from its checkpoint, so repeating loses and doubles nothing.
 */
import { expose, openLater } from '#wiring';
import { createBearer } from '../shared/api/auth.ts';
import { createAuditHandler } from '../shared/api/handlers/audits.ts';
import { AUDIT_ROUTES } from '../shared/api/routes/audits.ts';
import { routesOf } from '../shared/api/routes/route.ts';
import { countMigration } from '../shared/migrations/counts.ts';
import { readMigration } from '../shared/migrations/record.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { signingKey } from '../shared/signing/certificate.ts';
import { auditConfig } from '../shared/wiring/config/functions.ts';
import {
  API,
  CERTIFICATES,
  HUAWEI_TABLES,
  namesOf,
  SOURCE_TABLES,
  TENCENT_TABLES,
} from '../shared/wiring/config/tables.ts';
import { connectTargets } from '../shared/wiring/connect.ts';
import { openSources } from '../shared/wiring/documents.ts';
import { openParts } from '../shared/wiring/parts.ts';

export { createAuditHandler as createHandler };

export const handler = expose(async (env) => {
  const config = auditConfig(env);
  const { apiTokens, certificateKeys, places } = config;
  const { ledger, log, objects } = await openParts(config);
  const [later, openTarget, sources] = await Promise.all([
    openLater(config),
    connectTargets(config, { ledger, log }),
    openSources(places, log),
  ]);
  const authorize = createBearer(apiTokens);
  const certificateKey = () => signingKey(certificateKeys);
  const outcomesOf = async (migrationId: string) => {
    const migration = await readMigration(ledger, migrationId);
    return migration && { ...(await countMigration(migration, ledger)).counts };
  };
  return createAuditHandler({
    authorize,
    certificateKey,
    later,
    ledger,
    log,
    objects,
    openTarget,
    outcomesOf,
    sources,
  });
});

export const deployment: Deployment = {
  description: 'Compares targets with what should be in them.',
  timeoutSeconds: 900,
  memoryMb: 512,
  http: routesOf(AUDIT_ROUTES),
  schedules: [{ name: 'audits', expression: 'rate(5 minutes)' }],
  environment: namesOf(API, CERTIFICATES, ...TENCENT_TABLES, ...HUAWEI_TABLES, ...SOURCE_TABLES),
  uses: {
    ledger: ['read', 'list', 'write', 'remove'],
    indexes: ['newest', 'open'],
    objects: {
      read: ['audits/', 'cos-fetch/', 'fetches/', 'lists/', 'reports/'],
      write: ['audits/', 'reports/'],
      remove: ['audits/'],
    },
    secrets: ['api', 'credentials', 'huawei', 'sources', 'tencent'],
    // Itself, for what one call has no time for.
    invokes: ['audit-arrival'],
  },
};
