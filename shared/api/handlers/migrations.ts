/** The routes of migrations: open, read and steer them. */
import type { Ledger } from '../../ledger/ledger.ts';
import { MIGRATION_ID } from '../../ledger/migration.ts';
import { ConflictError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { sideBySide } from '../../lib/side-by-side.ts';
import { withoutUndefined } from '../../lib/values.ts';
import type { SourceConfig } from '../../manifest/sources/config.ts';
import { findSource } from '../../manifest/sources/find-bucket.ts';
import { createFind } from '../../manifest/sources/sources.ts';
import { migrationKey, planKey } from '../../migrations/ids.ts';
import { openMigration } from '../../migrations/open.ts';
import { type MigrationRecord, readMigration, toRecord } from '../../migrations/record.ts';
import { type MigrationReport, migrationReport } from '../../migrations/reports.ts';
import {
  auditMigration,
  cancelMigration,
  catchUp,
  pauseMigration,
  resumeMigration,
  retryMigration,
  startMigration,
} from '../../migrations/steer.ts';
import { migrationView } from '../../migrations/view.ts';
import { type HttpRequest, json } from '../../runtime/http.ts';
import { type AuditFileName, reportKey } from '../../stores/layout.ts';
import { type Objects, readSmall, type Uploads } from '../../stores/objects.ts';
import { migrationAuditBody } from '../audit-requests.ts';
import { claimRun } from '../idempotency.ts';
import { type MigrationBody, migrationBody } from '../migration-requests.ts';
import { migrationsQuery } from '../page-queries.ts';
import { parseBody, parseQuery, retryBody } from '../requests.ts';
import type { MIGRATION_API } from '../routes/migrations.ts';
import { absent, type Route, type Routes } from './common.ts';
import { answer, collect, impatient, storedReport } from './reports.ts';

export interface MigrationOptions {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly log: Log;
  /** As they are now. @default none */
  readonly sources?: () => readonly SourceConfig[];
  /** Has the next step of a migration taken soon; elsewhere the clock looks. */
  readonly advanceLater?: ((migrationId: string) => Promise<void>) | undefined;
  /** Where reports that are too long for an answer are read. */
  readonly uploads?: Pick<Uploads, 'reading'>;
  readonly now: () => Date;
}

const MIGRATIONS_AT_ONCE = 4;

export function migrationRoutes(options: MigrationOptions): Routes<typeof MIGRATION_API> {
  const { advanceLater, ledger, log, now } = options;
  const steer =
    (change: (migrationId: string, of: MigrationOptions) => Promise<MigrationRecord>): Route =>
    async (request) => {
      const { migrationId } = await findMigration(ledger, request);
      const { state } = await change(migrationId, options);
      log.info('migration.steered', { migrationId, route: request.routeKey, state });
      await advanceLater?.(migrationId);
      return json(202, { migrationId });
    };
  return {
    'POST /migrations': async (request) => {
      const body = parseBody(migrationBody, request.body);
      await check(body, options);
      const runId = await claimRun(ledger, request, body, now());
      const migrationId = `m${runId.slice(1)}`;
      await openMigration(migrationId, body, options);
      await advanceLater?.(migrationId);
      return json(202, { migrationId });
    },
    'GET /migrations': async ({ query }) => {
      const { cursor, limit, state } = parseQuery(migrationsQuery, query);
      const page = await ledger.migrations({
        limit,
        ...withoutUndefined({ cursor, states: state }),
      });
      const migrations = await sideBySide(page.items, MIGRATIONS_AT_ONCE, (kept) =>
        migrationView(toRecord(kept), ledger),
      );
      return json(200, { migrations, nextCursor: page.nextCursor ?? null });
    },
    'GET /migrations/{migrationId}': async (request) =>
      json(200, await migrationView(await findMigration(ledger, request), ledger)),
    'GET /migrations/{migrationId}/plan': async (request) => plan(request, options),
    'GET /migrations/{migrationId}/summary.json': report('summary.json', options),
    'GET /migrations/{migrationId}/failed.csv': report('failed.csv', options),
    'GET /migrations/{migrationId}/rejected.csv': report('rejected.csv', options),
    'GET /migrations/{migrationId}/gone.csv': report('gone.csv', options),
    'GET /migrations/{migrationId}/missing.csv': audited('missing.csv', options),
    'GET /migrations/{migrationId}/different.csv': audited('different.csv', options),
    'GET /migrations/{migrationId}/undecided.csv': audited('undecided.csv', options),
    'GET /migrations/{migrationId}/extra.csv': audited('extra.csv', options),
    'GET /migrations/{migrationId}/certificate.json': audited('certificate.json', options),
    'POST /migrations/{migrationId}/start': steer(startMigration),
    'POST /migrations/{migrationId}/pause': steer(pauseMigration),
    'POST /migrations/{migrationId}/resume': steer(resumeMigration),
    'POST /migrations/{migrationId}/cancel': steer(cancelMigration),
    'POST /migrations/{migrationId}/retry': async (request) => {
      const { class: classes } = parseBody(retryBody, request.body === '' ? '{}' : request.body);
      return steer((id) => retryMigration(id, classes, options))(request);
    },
    'POST /migrations/{migrationId}/catch-up': steer(catchUp),
    'POST /migrations/{migrationId}/audit': async (request) => {
      const body = request.body === '' ? '{}' : request.body;
      const { audit } = parseBody(migrationAuditBody, body);
      return steer((id) => auditMigration(id, audit, options))(request);
    },
  };
}

async function plan(request: HttpRequest, { ledger, objects }: MigrationOptions) {
  const { migrationId } = await findMigration(ledger, request);
  const info = await objects.head(planKey(migrationId));
  if (info) return json(200, JSON.parse(await readSmall(objects, info)));
  const message = 'There is no plan yet; it is made when the list is whole.';
  throw absent('migrationId', 'expected a migration with a plan', message);
}

const report =
  (name: MigrationReport, options: MigrationOptions): Route =>
  async (request) => {
    const migration = await findMigration(options.ledger, request);
    const { migrationId, closedAt } = migration;
    const key = migrationKey(migrationId, name);
    if (closedAt !== null && (await options.objects.head(key))) {
      const { objects, uploads } = options;
      return storedReport(migrationId, name, key, { objects, reading: uploads?.reading });
    }
    const { check, ...stores } = impatient(options);
    const text = await collect(migrationReport(name, migration, { ...options, ...stores }));
    check();
    return answer(migrationId, name, text, 'wait until the migration ends');
  };

/** Of the latest audit that has it. */
const audited =
  (name: AuditFileName, { ledger, objects, uploads }: MigrationOptions): Route =>
  async (request) => {
    const { migrationId, runs } = await findMigration(ledger, request);
    const audits = runs.filter(({ role }) => role === 'audit');
    for (const { runId } of audits.reverse()) {
      const key = reportKey(runId, name);
      if (!(await objects.head(key))) continue;
      return storedReport(migrationId, name, key, { objects, reading: uploads?.reading });
    }
    const message = `There is no ${name} yet; the audit of the migration writes it.`;
    throw absent('migrationId', `expected a migration with a ${name}`, message);
  };

/** @throws InputError (NOT_FOUND) */
async function findMigration(
  ledger: Pick<Ledger, 'migration'>,
  { params }: Pick<HttpRequest, 'params'>,
): Promise<MigrationRecord> {
  const migrationId = params['migrationId'] ?? '';
  const found = MIGRATION_ID.test(migrationId)
    ? await readMigration(ledger, migrationId)
    : undefined;
  if (found) return found;
  throw absent('migrationId', 'expected the id of a migration', 'There is no such migration.');
}

/** Whoever asks learns at once what is wrong. @throws InputError; ConflictError (ROUTE_ABSENT) */
async function check(
  { source, list, target, route }: MigrationBody,
  { objects, sources = () => [] }: MigrationOptions,
): Promise<void> {
  const find = createFind(sources);
  for (const address of [source, list?.source]) if (address) findSource({ find }, address);
  if (list && !(await objects.head(list.key))) {
    throw absent(
      'list.key',
      'expected the key of an object in the store',
      `There is no list ${list.key}.`,
    );
  }
  const isObs = /^obs:/i.test(target);
  const batch = /^cos:/i.test(source ?? list?.source ?? '') ? ['cos-batch'] : [];
  const routes = [
    'auto',
    ...(isObs ? ['oms-prefix', 'oms-list', 'oms-url-list'] : ['cos-fetch', ...batch]),
  ];
  if (routes.includes(route)) return;
  const place = isObs ? 'OBS' : 'COS';
  throw new ConflictError(
    'ROUTE_ABSENT',
    `Migrations can't take the route ${route} from this source into ${place}; expected ${routes.join(', ')}.`,
  );
}
