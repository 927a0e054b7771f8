/** Reports of migrations that have ended, however long they are. */
import { expect, it } from 'vitest';
import type { Route } from '../../../../../shared/api/handlers/common.ts';
import { migrationRoutes } from '../../../../../shared/api/handlers/migrations.ts';
import { migrationKey } from '../../../../../shared/migrations/ids.ts';
import { openMigration } from '../../../../../shared/migrations/open.ts';
import { toKept } from '../../../../../shared/migrations/record.ts';
import { silentLog } from '../../../../fixtures/log.ts';
import { openStores } from '../../../../fixtures/stores.ts';

const ID = 'm00000000000000000000000';
const AT = new Date('2026-11-20T02:00:00Z');

/** More than an answer of API Gateway may have. */
const LONG = `url,key\r\n${'s3://media/photos/a.jpg,a.jpg\r\n'.repeat(250_000)}`;

async function ask(uploads?: { readonly reading: (key: string) => Promise<string> }) {
  const { ledger, objects } = openStores();
  const options = { ledger, log: silentLog, now: () => AT, objects };
  const opened = await openMigration(
    ID,
    {
      ...{ source: 's3://media/photos/', route: 'auto', pilot: 0, audit: 'none', start: true },
      target: 'cos://ap-shanghai/examplebucket-1250000000/photos/',
      ...{ onKeyExist: 'ignore', stopAbove: 20 },
    },
    options,
  );
  await ledger.changeMigration(
    toKept({ ...opened, state: 'completed', closedAt: AT.toISOString() }),
  );
  await objects.put(migrationKey(ID, 'failed.csv'), LONG);
  const routes: Readonly<Record<string, Route | undefined>> = migrationRoutes({
    ...options,
    ...(uploads && { uploads }),
  });
  return routes['GET /migrations/{migrationId}/failed.csv']?.({
    method: 'GET',
    routeKey: '',
    params: { migrationId: ID },
    query: {},
    headers: {},
    body: '',
  });
}

it('are answered as they are kept', async () => {
  const answered = await ask();
  expect(answered?.statusCode).toBe(200);
  expect(answered?.body?.length).toBe(LONG.length);
});

it('are read from a store that signs addresses', async () => {
  expect(await ask({ reading: async (key) => `https://store.example/${key}` })).toMatchObject({
    statusCode: 302,
    headers: { location: `https://store.example/migrations/${ID}/failed.csv` },
  });
});
