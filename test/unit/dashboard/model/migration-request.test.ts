import { expect, it } from 'vitest';
import { MIGRATION_AUDITS, MIGRATION_ROUTES } from '../../../../dashboard/api/types.ts';
import {
  migrationRequest,
  NEW_MIGRATION,
  wrongFields,
} from '../../../../dashboard/model/migration-request.ts';
import { migrationBody } from '../../../../shared/api/migration-requests.ts';
import { parseBody } from '../../../../shared/api/requests.ts';
import { AUDITS, MIGRATION_ROUTES as ROUTES } from '../../../../shared/migrations/record.ts';

const SOUND = {
  ...NEW_MIGRATION,
  source: ' s3://media/photos/ ',
  target: 'cos://ap-shanghai/examplebucket-1250000000/photos/',
};

it('sends its defaults, and no field that was left empty', () => {
  expect(migrationRequest(SOUND)).toEqual({
    path: 'migrations',
    body: {
      source: 's3://media/photos/',
      target: SOUND.target,
      route: 'auto',
      pilot: 20,
      audit: 'list',
      onKeyExist: 'ignore',
      start: true,
    },
  });
});

it('has every field that was filled in, as the service takes it', () => {
  const request = migrationRequest({
    ...SOUND,
    include: '*.jpg\n\n *.png \n',
    exclude: 'tmp/*',
    minSize: '1',
    maxSize: '5000000000',
    modifiedSince: '2026-11-20',
    pilot: '0',
    onKeyExist: 'override',
    schedule: ' 0  3 * * * ',
    start: false,
    name: ' Photos of 2026 ',
    route: 'cos-batch',
    audit: 'none',
    credentials: ' tenant.b ',
    stopAbove: ' 5 ',
  });
  expect(request?.body).toMatchObject({
    filters: {
      include: ['*.jpg', '*.png'],
      exclude: ['tmp/*'],
      minSize: 1,
      maxSize: 5_000_000_000,
      modifiedSince: '2026-11-20T00:00:00Z',
    },
    pilot: 0,
    onKeyExist: 'override',
    schedule: '0 3 * * *',
    start: false,
    name: 'Photos of 2026',
    route: 'cos-batch',
    audit: 'none',
    credentials: 'tenant.b',
    stopAbove: 5,
  });
  expect(parseBody(migrationBody, JSON.stringify(request?.body))).toMatchObject({ pilot: 0 });
});

it.each([
  ['', '', { key: 'lists/photos.csv' }],
  ['', 'urls', { key: 'lists/photos.csv', format: 'urls' }],
  ['s3://media/', '', { key: 'lists/photos.csv', source: 's3://media/' }],
] as const)('takes a list in place of the source %j, format %j', (source, listFormat, list) => {
  const form = { ...SOUND, source, listKey: ' lists/photos.csv ', listFormat };
  const body = migrationRequest(form)?.body;
  expect(body).toMatchObject({ list });
  expect(body).not.toHaveProperty('source');
  expect(parseBody(migrationBody, JSON.stringify(body))).toMatchObject({ list });
});

it('is none for a list whose source is wrong', () => {
  const form = { ...SOUND, source: 'media', listKey: 'inventories/a/manifest.json' };
  expect([...wrongFields(form)]).toEqual(['source']);
});

it('offers what the service takes', () => {
  expect(MIGRATION_ROUTES).toEqual(ROUTES);
  expect(MIGRATION_AUDITS).toEqual(AUDITS);
});

it.each([
  ['source', ''],
  ['source', 'media/photos'],
  ['source', 'https://media.example/'],
  ['target', 'cos://examplebucket-1250000000/photos/'],
  ['target', 's3://media/'],
  ['minSize', '1 MB'],
  ['maxSize', '-1'],
  ['pilot', ''],
  ['pilot', '1001'],
  ['name', 'n'.repeat(201)],
  ['credentials', 'tenant b'],
  ['credentials', 'c'.repeat(65)],
  ['stopAbove', '0'],
  ['stopAbove', '101'],
  ['stopAbove', '5 %'],
  ['listKey', 'photos.csv'],
  ['listKey', 'lists/'],
] as const)('is none for %s %j', (name, value) => {
  const form = { ...SOUND, [name]: value };
  expect([...wrongFields(form)]).toEqual([name]);
  expect(migrationRequest(form)).toBeUndefined();
});

it('is none for a format without a list', () => {
  const form = { ...SOUND, listFormat: 'urls' } as const;
  expect([...wrongFields(form)]).toEqual(['listKey']);
});
