import { expect, it } from 'vitest';
import {
  migrationRequest,
  NEW_MIGRATION,
  wrongFields,
} from '../../../../dashboard/model/migration-request.ts';
import { migrationBody } from '../../../../shared/api/migration-requests.ts';
import { parseBody } from '../../../../shared/api/requests.ts';

const SOUND = {
  ...NEW_MIGRATION,
  source: ' s3://media/photos/ ',
  target: 'cos://ap-shanghai/examplebucket-1250000000/photos/',
};

it('names source, target and pilot alone where nothing else was said', () => {
  expect(migrationRequest(SOUND)).toEqual({
    path: 'migrations',
    body: {
      source: 's3://media/photos/',
      target: SOUND.target,
      pilot: 20,
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
  });
  expect(parseBody(migrationBody, JSON.stringify(request?.body))).toMatchObject({ pilot: 0 });
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
] as const)('is none for %s %j', (name, value) => {
  const form = { ...SOUND, [name]: value };
  expect([...wrongFields(form)]).toEqual([name]);
  expect(migrationRequest(form)).toBeUndefined();
});
