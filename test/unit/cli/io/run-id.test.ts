/** The beginning of a run's id in place of the id. */
import { expect, it } from 'vitest';
import { createClient } from '../../../../cli/io/client.ts';
import { findId } from '../../../../cli/io/run-id.ts';
import { startPeer } from '../../../fixtures/http.ts';
import { runView } from '../../../fixtures/runs.ts';

const ids = ['ab1', 'ab2', 'c3'].map((first) => first.padEnd(24, '0'));

async function find(given: string) {
  const peer = await startPeer();
  const [first, ...older] = ids.map((runId) => ({ ...runView(), runId }));
  peer.answer(
    { body: JSON.stringify({ runs: [first], nextCursor: 'next' }) },
    { body: JSON.stringify({ runs: older, nextCursor: null }) },
  );
  const found = await findId(createClient({ url: peer.origin, env: {} }), given).catch(
    (error: unknown) => error as Error & { exitCode: number },
  );
  return { found, asked: peer.arrived.map(({ url }) => url) };
}

it('finds the run whose id begins so, on any page', async () => {
  expect(await find('c')).toEqual({
    found: ids[2],
    asked: ['/runs?limit=100', '/runs?limit=100&cursor=next'],
  });
  expect((await find('AB1')).found).toBe(ids[0]);
});

it('takes whole ids, and what is none, as they are', async () => {
  expect(await find(ids[0] ?? '')).toEqual({ found: ids[0], asked: [] });
  expect(await find('nobody')).toEqual({ found: 'nobody', asked: [] });
});

it('names the runs that begin alike, and what to do', async () => {
  expect((await find('ab')).found).toMatchObject({
    exitCode: 2,
    message: `2 runs begin with ab: ${ids[0]}, ${ids[1]}. Give more characters of the id.`,
  });
});

it('says when there is none', async () => {
  expect((await find('d')).found).toMatchObject({
    exitCode: 4,
    message: 'no run id starts with d. List the runs with: npx waybill runs.',
  });
});
