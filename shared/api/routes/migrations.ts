/** Descriptions of the routes of migrations. */
import { migrationBody } from '../migration-requests.ts';
import { migrationShape, migrationsShape, openedShape } from '../migration-responses.ts';
import { migrationsQuery } from '../requests.ts';
import { migrationExample, openedExample } from './migration-examples.ts';
import type { RouteDescription } from './route.ts';

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
] as const satisfies readonly RouteDescription[];
