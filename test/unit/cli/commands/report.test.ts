/** Which files are written, whole or not at all. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { report } from '../../../../cli/commands/report.ts';
import { createClient } from '../../../../cli/io/client.ts';
import { startPeer } from '../../../fixtures/http.ts';
import { screen } from '../../../fixtures/runs.ts';
import { temporaryFolder } from '../../../fixtures/stores.ts';

const SUMMARY = ['summary.json', 'failed.csv', 'rejected.csv'];

async function setup(rest?: object) {
  const peer = await startPeer();
  const folder = join(temporaryFolder(), 'out');
  const summary = { body: JSON.stringify({ failures: [], rest }) };
  const client = createClient({ url: peer.origin, env: { WAYBILL_TOKEN: 't' } });
  const stdout = screen();
  const write = () =>
    report({ client, env: {}, json: false, stdout, out: folder, force: false }, 'r');
  return { folder, peer, stdout, summary, write };
}

it('writes the reports that there are', async () => {
  const { folder, peer, stdout, summary, write } = await setup();
  peer.answer(summary, { body: 'one' }, { body: '' }, { body: '照片' });
  expect(await write()).toBe(0);
  expect(readdirSync(folder).sort()).toEqual([...SUMMARY].sort());
  expect(readFileSync(join(folder, 'rejected.csv'), 'utf8')).toBe('照片');
  expect(peer.arrived.map(({ url }) => url)).toEqual([
    '/runs/r/summary.json',
    ...SUMMARY.map((name) => `/runs/r/${name}`),
  ]);
  expect(stdout.text().split('\n').filter(Boolean)).toHaveLength(3);
});

it.each([
  [{ lines: 2 }, ['rest.csv']],
  [{ error: { code: 'MANIFEST_CHANGED', message: 'm', class: 'request' } }, []],
])('writes what of a stopped run was never sent, where there is such: %j', async (rest, more) => {
  const { folder, peer, summary, write } = await setup(rest);
  peer.answer(summary, { body: 'x' });
  expect(await write()).toBe(0);
  expect(readdirSync(folder).sort()).toEqual([...SUMMARY, ...more].sort());
});

it('leaves no half of a file that broke off', async () => {
  const { folder, peer, summary, write } = await setup();
  peer.answer(summary, { body: 'one' }, { body: 'half', breakOff: 'in-body' });
  await expect(write()).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringContaining('a report broke off'),
  });
  expect(readdirSync(folder)).toEqual(['summary.json']);
});

it('tells what the service says of a report that is too long, and writes nothing of it', async () => {
  const { folder, peer, summary, write } = await setup();
  const refused = { status: 404, body: JSON.stringify({ detail: 'The report is longer.' }) };
  peer.answer(summary, { body: 'one' }, refused);
  await expect(write()).rejects.toMatchObject({
    exitCode: 4,
    message: 'The report is longer. List the runs with: npx waybill runs.',
  });
  expect(existsSync(join(folder, 'failed.csv'))).toBe(false);
});
