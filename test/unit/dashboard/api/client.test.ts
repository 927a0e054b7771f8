/** The page's client over real HTTP. */
import { describe, expect, it } from 'vitest';
import { isRunPage } from '../../../../dashboard/api/checks.ts';
import { createClient } from '../../../../dashboard/api/client.ts';
import { Failure } from '../../../../dashboard/api/failure.ts';
import { type Reply, startPeer } from '../../../fixtures/http.ts';
import { newRun } from '../runs.ts';

const page = { runs: [newRun()], nextCursor: null };
const json = (value: unknown, more: Partial<Reply> = {}): Reply => ({
  body: JSON.stringify(value),
  ...more,
});

async function setup(token: string | undefined = 'secret') {
  const peer = await startPeer();
  const refusals: number[] = [];
  const client = createClient({
    fetch: (path, init) => fetch(`${peer.origin}/${String(path)}`, init),
    token: () => token,
    onUnauthorized: () => refusals.push(1),
    timeoutMs: 2_000,
    now: () => Date.parse('2026-11-20T10:00:00Z'),
  });
  return { peer, client, refusals };
}

const failureOf = (promise: Promise<unknown>): Promise<Failure> =>
  promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => {
      expect(error).toBeInstanceOf(Failure);
      return error;
    },
  );

it('carries the token, and returns the same object while the answer is the same', async () => {
  const { peer, client } = await setup();
  const other = { ...page, nextCursor: 'c' };
  peer.answer(json(page), json(page), json(other));
  const first = await client.get('runs', isRunPage);
  const second = await client.get('runs', isRunPage);
  expect(second).toBe(first);
  expect(client.peek('runs', isRunPage)).toBe(first);
  expect(await client.get('runs', isRunPage)).toEqual(other);
  expect(peer.arrived[0]?.headers.authorization).toBe('Bearer secret');
  client.forget();
  expect(client.peek('runs', isRunPage)).toBeUndefined();
});

it('keeps nothing of what is read once', async () => {
  const { peer, client } = await setup();
  peer.answer(json(page));
  await client.get('runs', isRunPage, { keeps: false });
  expect(client.peek('runs', isRunPage)).toBeUndefined();
});

describe('every fault has its kind', () => {
  const problem = {
    type: 'about:blank',
    title: 'Conflict',
    status: 409,
    code: 'TASK_STATE',
    detail: 'no',
  };
  it.each<[string, Reply, Partial<Failure>]>([
    ['401', json({ code: 'UNAUTHORIZED' }, { status: 401 }), { kind: 'unauthorized' }],
    ['404', json({}, { status: 404 }), { kind: 'missing' }],
    [
      '409 with a problem',
      json(problem, { status: 409 }),
      { kind: 'refused', details: { status: 409, code: 'TASK_STATE', detail: 'no' } },
    ],
    [
      '429 that says how long',
      json({}, { status: 429, headers: { 'retry-after': '7' } }),
      { kind: 'throttled', details: { status: 429, retryAfterMs: 7_000 } },
    ],
    [
      "503 with a gateway's page",
      { status: 503, body: '<html>' },
      { kind: 'unavailable', details: { status: 503 } },
    ],
    ['200 with a page', { body: '<html>sign in to the proxy' }, { kind: 'malformed' }],
    ['200 of another shape', json({ items: [] }), { kind: 'malformed' }],
    ['200 with a run of another shape', json({ runs: [{ runId: 'r' }] }), { kind: 'malformed' }],
    ['a connection that breaks', { breakOff: 'at-once' }, { kind: 'offline' }],
    ['a body that breaks off', { ...json(page), breakOff: 'in-body' }, { kind: 'offline' }],
  ])('%s', async (_name, reply, expected) => {
    const { peer, client, refusals } = await setup();
    peer.answer(reply);
    expect(await failureOf(client.get('runs', isRunPage))).toMatchObject(expected);
    expect(refusals).toHaveLength(expected.kind === 'unauthorized' ? 1 : 0);
  });

  it('no answer in time', async () => {
    const { client } = await setup();
    const slow = createClient({
      fetch: (_path, init) =>
        new Promise((_done, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
        }),
      token: () => undefined,
      timeoutMs: 10,
    });
    expect(await failureOf(slow.get('runs', isRunPage))).toMatchObject({ kind: 'slow' });
    expect(client).toBeDefined();
  });
});

it('a person who goes elsewhere is no fault of the service', async () => {
  const { client } = await setup();
  const gone = new AbortController();
  gone.abort();
  await expect(client.get('runs', isRunPage, { signal: gone.signal })).rejects.not.toBeInstanceOf(
    Failure,
  );
});

it.each([
  ['120', 120_000],
  ['Fri, 20 Nov 2026 10:00:10 GMT', 10_000],
  ['49.5', undefined],
  ['-3', undefined],
  ['5, 10', undefined],
])('comes back as Retry-After says, in digits or as a date: %s', async (value, ms) => {
  const { client, peer } = await setup();
  peer.answer({ status: 429, headers: { 'retry-after': value } });
  const { details } = await failureOf(client.get('runs', isRunPage));
  expect(details.retryAfterMs).toBe(ms);
});
