/** Lists in the store, and what their keys become at a target. */
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { createSources } from '../../../../shared/manifest/sources/sources.ts';
import { createLists } from '../../../../shared/runs/list-source.ts';
import { type ListOrder, openListRun } from '../../../../shared/runs/list-state.ts';
import { listKey } from '../../../../shared/stores/layout.ts';
import { setsOf } from '../../../fixtures/credential-sets.ts';
import { readList } from '../../../fixtures/lists.ts';
import { silentLog } from '../../../fixtures/log.ts';
import { openStores } from '../../../fixtures/stores.ts';

const NEVER = new Date('2100-01-01T00:00:00Z');

const LSJSON = `[
{"Path":"a b.jpg","Name":"a b.jpg","Size":7,"MimeType":"image/jpeg","ModTime":"2026-11-20T08:00:00.000000000Z","IsDir":false},
{"Path":"2024/ü.jpg","Name":"ü.jpg","Size":0,"MimeType":"image/jpeg","ModTime":"2026-11-20T08:00:00.000000000Z","IsDir":false}
]
`;

const MANIFEST = `url,key
http://origin.example/a%20b.jpg,a b.jpg
http://origin.example/2024/%C3%BC.jpg,2024/ü.jpg
`;

async function setup(content: string, name: string) {
  const stores = openStores();
  await stores.objects.put(name, content);
  const sources = createSources({ configs: () => [], sets: setsOf({}), log: silentLog });
  const common = { ...stores, log: silentLog, now: () => new Date() };
  const lists = createLists({ ...common, sources });
  const list = async (runId: string, order: ListOrder) => {
    await openListRun({ runId, trigger: 'migration' }, order, common);
    await lists.work(runId, NEVER);
    const { list: document } = await readList(stores.objects, runId);
    const parts = await Promise.all(document.parts.map((part) => text(stores.objects.read(part))));
    const [, ...lines] = parts.join('').trimEnd().split('\n');
    return lines.map((line) =>
      line
        .split(',')
        .slice(0, 2)
        .join(' <- ')
        .replace(/^(.*) <- (.*)$/, '$2 <- $1'),
    );
  };
  return { list };
}

it('puts keys that a tool listed behind a prefix behind the target’s', async () => {
  const { list } = await setup(LSJSON, 'lists/photos.json');
  const order = { source: 'lists/photos.json', base: 's3://media/photos/', target: 'copies/' };
  expect(await list('r1', order)).toEqual([
    'copies/a b.jpg <- s3://media/photos/a%20b.jpg',
    'copies/2024/ü.jpg <- s3://media/photos/2024/%C3%BC.jpg',
  ]);
});

it('leaves addresses of a manifest as they are, and puts its keys behind the target’s', async () => {
  const { list } = await setup(MANIFEST, 'lists/photos.csv');
  expect(await list('r1', { source: 'lists/photos.csv', target: 'copies/' })).toEqual([
    'copies/a b.jpg <- http://origin.example/a%20b.jpg',
    'copies/2024/ü.jpg <- http://origin.example/2024/%C3%BC.jpg',
  ]);
});

it('takes a list that it wrote itself, key by key', async () => {
  const { list } = await setup(LSJSON, 'lists/photos.json');
  const base = 's3://media/photos/';
  const first = await list('r1', { source: 'lists/photos.json', base });
  expect(first).toContain('a b.jpg <- s3://media/photos/a%20b.jpg');
  expect(await list('r2', { source: listKey('r1'), target: 'copies/' })).toEqual(
    first.map((line) => `copies/${line}`),
  );
});
