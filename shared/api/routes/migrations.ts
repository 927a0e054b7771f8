/** Descriptions of the routes of migrations. */
import type * as v from 'valibot';
import { migrationPlanShape } from '../../plans/plan.ts';
import type { AuditFileName } from '../../stores/layout.ts';
import { migrationAuditBody } from '../audit-requests.ts';
import { certificateShape } from '../certificate-responses.ts';
import { migrationBody } from '../migration-requests.ts';
import {
  migrationShape,
  migrationSummaryShape,
  migrationsShape,
  openedShape,
} from '../migration-responses.ts';
import { migrationsQuery } from '../page-queries.ts';
import { retryBody } from '../requests.ts';
import {
  certificateExample,
  differentExample,
  extraExample,
  missingExample,
  undecidedExample,
} from './certificate-examples.ts';
import { failedExample, rejectedExample } from './examples.ts';
import {
  goneExample,
  migrationExample,
  openedExample,
  planExample,
  summaryExample,
} from './migration-examples.ts';
import type { RouteDescription } from './route.ts';

const report = <Name extends string>(name: Name, type: v.GenericSchema | string, answer: unknown) =>
  ({
    tag: 'reports',
    route: `GET /migrations/{migrationId}/${name}`,
    id: `getMigration${name.replace(/(?:^|\.)(\w)/g, (_all, first: string) => first.toUpperCase())}`,
    summary: `The report ${name} of a migration, over all its runs, as far as it is known`,
    answers: { 200: type },
    answer,
    problems: [404],
    mayRedirect: true,
  }) as const;

/** Of the latest audit. */
const auditReport = <Name extends AuditFileName>(
  name: Name,
  type: v.GenericSchema | string,
  answer: unknown,
) =>
  ({
    ...report(name, type, answer),
    summary: `The report ${name} of the latest audit of a migration`,
  }) as const;

const steer = <Action extends string>(action: Action, summary: string) =>
  ({
    tag: 'steer',
    route: `POST /migrations/{migrationId}/${action}`,
    id: `${action.replace(/-(\w)/g, (_all, first: string) => first.toUpperCase())}Migration`,
    summary,
    answers: { 202: openedShape },
    answer: openedExample,
    problems: [404, 409],
  }) as const;

export const MIGRATION_API = [
  {
    tag: 'start',
    isIdempotent: true,
    route: 'POST /migrations',
    id: 'createMigration',
    summary: 'Carries a bucket, or the objects of a list, from list to certificate',
    body: migrationBody,
    example: {
      source: 's3://media/photos/',
      target: 'cos://ap-shanghai/examplebucket-1250000000/photos/',
      pilot: 20,
    },
    answers: { 202: openedShape },
    answer: openedExample,
    problems: [400, 404, 409, 422],
  },
  {
    tag: 'read',
    route: 'GET /migrations',
    id: 'listMigrations',
    summary: 'Migrations, newest first',
    query: migrationsQuery,
    answers: { 200: migrationsShape },
    answer: { migrations: [migrationExample], nextCursor: null },
    problems: [400],
  },
  {
    tag: 'read',
    route: 'GET /migrations/{migrationId}',
    id: 'getMigration',
    summary: 'One migration',
    answers: { 200: migrationShape },
    answer: migrationExample,
    problems: [404],
  },
  {
    tag: 'reports',
    route: 'GET /migrations/{migrationId}/plan',
    id: 'getMigrationPlan',
    summary: 'The plan of a migration: its routes with time, cost and limits',
    answers: { 200: migrationPlanShape },
    answer: planExample,
    problems: [404],
  },
  report('summary.json', migrationSummaryShape, summaryExample),
  report('failed.csv', 'text/csv', failedExample),
  report('rejected.csv', 'text/csv', rejectedExample),
  report('gone.csv', 'text/csv', goneExample),
  auditReport('missing.csv', 'text/csv', missingExample),
  auditReport('different.csv', 'text/csv', differentExample),
  auditReport('undecided.csv', 'text/csv', undecidedExample),
  auditReport('extra.csv', 'text/csv', extraExample),
  auditReport('certificate.json', certificateShape, certificateExample),
  steer('start', 'Starts a migration that waits for it'),
  steer('pause', 'Pauses a migration with its runs; what providers have accepted continues'),
  steer('resume', 'Resumes a paused migration; retries a pilot that stopped it'),
  steer('cancel', 'Cancels a migration: nothing more of it is sent'),
  {
    ...steer('retry', 'Retries what failed in a migration, of some classes or all'),
    body: retryBody,
    bodyOptional: true,
    example: { class: ['source', 'transient'] },
    problems: [400, 404, 409],
  },
  steer('catch-up', 'Lists the source again, and moves what is new or changed'),
  {
    ...steer('audit', 'Compares the latest list with the target again'),
    body: migrationAuditBody,
    bodyOptional: true,
    example: { audit: 'head' },
    problems: [400, 404, 409],
  },
] as const satisfies readonly RouteDescription[];
