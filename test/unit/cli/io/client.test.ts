/** Over real HTTP: what is sent, and the message and exit code of every kind of bad answer. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Client, createClient } from '../../../../cli/io/client.ts';
import { EXIT } from '../../../../cli/io/failure.ts';
import { startPeer } from '../../../fixtures/http.ts';
import { runView } from '../../../fixtures/runs.ts';
import { temporaryFolder } from '../../../fixtures/stores.ts';

const page = JSON.stringify({ runs: [runView()], nextCursor: 'next' });

async function setup(env: Record<string, string> = { WAYBILL_TOKEN: 'canary-token' }) {
  const peer = await startPeer();
  return { peer, client: createClient({ url: peer.origin, env }) };
}

it('asks for pages of runs with its token', async () => {
  const { client, peer } = await setup();
  peer.answer({ body: page });
  expect(await client.runs({ limit: 5, cursor: 'a/b' })).toEqual(JSON.parse(page));
  expect(peer.arrived).toMatchObject([
    {
      method: 'GET',
      url: '/runs?limit=5&cursor=a%2Fb',
      headers: { authorization: 'Bearer canary-token' },
    },
  ]);
});

const problem = (status: number, more: object) => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: JSON.stringify({ type: 'about:blank', title: 'Oh', status, ...more }),
});
const errors = [
  { path: 'limit', message: 'expected a number' },
  { path: 'cursor', message: 'expected none' },
];

it.each([
  [
    'retry',
    { class: ['source', 'quota'] },
    (client: Client) => client.retry('a b', ['source', 'quota']),
  ],
  ['retry', {}, (client: Client) => client.retry('a b', [])],
  ['cancel', {}, (client: Client) => client.steer('a b', 'cancel')],
] as const)('posts to %s with %j', async (name, body, call) => {
  const { client, peer } = await setup();
  peer.answer({ status: 202, body: '{"runId":"a b","ordered":2,"pending":0,"unread":0}' });
  await call(client);
  expect(peer.arrived).toMatchObject([
    { method: 'POST', url: `/runs/a%20b/${name}`, body: JSON.stringify(body) },
  ]);
});

it('filters runs and transfers by lists', async () => {
  const { client, peer } = await setup();
  peer.answer({ body: '{"runs":[],"transfers":[],"nextCursor":null}' });
  await client.runs({ limit: 1, state: ['failed', 'active'], operation: [] });
  await client.transfers('r', { limit: 2, cause: ['source'] });
  expect(peer.arrived.map(({ url }) => url)).toEqual([
    '/runs?limit=1&state=failed%2Cactive',
    '/runs/r/transfers?limit=2&cause=source',
  ]);
});

it('waits as long as the service says where a request was one too many, once', async () => {
  const peer = await startPeer();
  const waits: number[] = [];
  const wait = async (ms: number) => waits.push(ms);
  const client = createClient({ url: peer.origin, env: { WAYBILL_TOKEN: 't' }, wait });
  const full = { ...problem(429, { detail: 'Too many.' }), headers: { 'retry-after': '7' } };
  peer.answer(full, { body: page });
  expect(await client.runs({ limit: 1 })).toEqual(JSON.parse(page));
  peer.answer(full);
  await expect(client.runs({ limit: 1 })).rejects.toMatchObject({ exitCode: EXIT.refused });
  peer.answer({ ...full, headers: { 'retry-after': '3600' } });
  await expect(client.runs({ limit: 1 })).rejects.toThrow('Too many.');
  peer.answer({ ...full, status: 503 }, { body: page });
  expect(await client.runs({ limit: 1 })).toEqual(JSON.parse(page));
  expect(waits).toEqual([7_000, 7_000, 7_000]);
});

it.each([
  ['Fri, 20 Nov 2026 02:00:07 GMT', 7_000],
  // Neither digits nor a date: the service didn't say when.
  ['', undefined],
  ['-3', undefined],
  ['1e1', undefined],
  ['0x10', undefined],
  ['49.5', undefined],
])('reads Retry-After as digits or a date: %j', async (value, ms) => {
  const peer = await startPeer();
  const waits: number[] = [];
  const wait = async (time: number) => waits.push(time);
  const now = () => Date.parse('2026-11-20T02:00:00Z');
  const client = createClient({ url: peer.origin, env: { WAYBILL_TOKEN: 't' }, now, wait });
  const full = { ...problem(429, { detail: 'Too many.' }), headers: { 'retry-after': value } };
  peer.answer(full, { body: page });
  const said = await client.runs({ limit: 1 }).catch((error: Error) => error.message);
  expect(waits).toEqual(ms === undefined ? [] : [ms]);
  expect(said).toEqual(ms === undefined ? expect.stringContaining('Too many.') : JSON.parse(page));
});

describe('a token that is asked for', () => {
  const typing = async (typed: string | undefined, env: Record<string, string> = {}) => {
    const peer = await startPeer();
    const asked: string[] = [];
    const askToken = async (address: string) => {
      asked.push(address);
      return typed;
    };
    const client = createClient({
      url: peer.origin,
      env: { WAYBILL_DATA: '/none', ...env },
      askToken,
    });
    return { asked, client, peer };
  };

  it('is sent from then on', async () => {
    const { asked, client, peer } = await typing('canary-typed');
    peer.answer(problem(401, {}), { body: page });
    await client.runs({ limit: 1 });
    await client.runs({ limit: 1 });
    expect(asked).toEqual([peer.origin]);
    expect(peer.arrived.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      'Bearer canary-typed',
      'Bearer canary-typed',
    ]);
  });

  it('is asked for once, and not shown when it is wrong', async () => {
    const { asked, client, peer } = await typing('canary-typed');
    peer.answer(problem(401, {}));
    const answer = client.run('r');
    await expect(answer).rejects.toThrow('does not accept the token in what was typed');
    await expect(answer).rejects.not.toThrow('canary');
    await expect(client.run('r')).rejects.toMatchObject({ exitCode: EXIT.refused });
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['nothing is typed', undefined, {}, 1],
    ['there is one already', 'x', { WAYBILL_TOKEN: 'canary-token' }, 0],
  ])('leaves the refusal when %s', async (_name, typed, env, times) => {
    const { asked, client, peer } = await typing(typed, env);
    peer.answer(problem(401, {}));
    await expect(client.run('r')).rejects.toMatchObject({ exitCode: EXIT.refused });
    expect(asked).toHaveLength(times);
  });
});

it.each([
  [
    'detail and errors of a problem',
    problem(400, { detail: 'Bad query.', errors }),
    EXIT.usage,
    'Bad query. Correct limit: expected a number; cursor: expected none.',
  ],
  [
    'a problem with a title only',
    problem(404, {}),
    EXIT.refused,
    /^Oh\. Change the request, then try again\.$/,
  ],
  ['another body', problem(422, { detail: 'Another body.' }), EXIT.usage, 'Another body.'],
  ['too many requests', problem(429, { detail: 'Slow.' }), EXIT.refused, 'Slow.'],
  ['a full disk', problem(507, { detail: 'Disk full.' }), EXIT.unreachable, 'Disk full.'],
  [
    'a page of a gateway',
    { status: 502, body: '<html>Bad gateway</html>' },
    EXIT.unreachable,
    'answered status 502 without a reason. Check that it is a Waybill service',
  ],
  ['a page of another server', { body: '<html>' }, EXIT.unreachable, 'is not JSON. Check that'],
  ['JSON of another server', { body: '{"runs":1}' }, EXIT.unreachable, 'not as expected: runs: '],
  ['a broken body', { body: page, breakOff: 'in-body' }, EXIT.unreachable, 'broke off'],
  [
    'a broken connection',
    { breakOff: 'at-once' },
    EXIT.unreachable,
    /no answer from \S+ \(UND_ERR_SOCKET\)\. If it is not running, start it/,
  ],
  [
    'a wrong token',
    problem(401, { detail: 'No.' }),
    EXIT.refused,
    'does not accept the token in WAYBILL_TOKEN. Set WAYBILL_TOKEN to one of',
  ],
] as const)('one clear error for %s', async (_name, reply, exitCode, message) => {
  const { client, peer } = await setup();
  peer.answer(reply);
  const answer = client.runs({ limit: 1 });
  await expect(answer).rejects.toMatchObject({ name: 'CommandFailure', exitCode });
  await expect(answer).rejects.toThrow(message);
  await expect(answer).rejects.not.toThrow('canary');
});

it('tells who has no token where one is looked for', async () => {
  const folder = temporaryFolder();
  const { client, peer } = await setup({ WAYBILL_DATA: folder });
  peer.answer(problem(401, {}));
  await expect(client.run('r')).rejects.toThrow(
    `or WAYBILL_DATA to its data folder (there is no ${folder}/secrets.json)`,
  );
  expect(peer.arrived[0]?.headers.authorization).toBeUndefined();
});

it('names a field deep in an answer that is not as expected', async () => {
  const { client, peer } = await setup();
  const run = runView();
  peer.answer({ body: JSON.stringify({ ...run, counts: { ...run.counts, failed: -1 } }) });
  await expect(client.run('r')).rejects.toThrow('not as expected: counts.failed: ');
});

it('does not wait for ever', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createClient({ url, env: {}, timeoutMs: 50 });
  await expect(client.run('r')).rejects.toMatchObject({
    exitCode: EXIT.unreachable,
    message: expect.stringContaining('(timed out)'),
  });
});
