/** Tokens with names and roles at a live service, and who did what in its audit log. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createClient } from '../../cli/io/client.ts';
import { ROUTES } from '../../shared/api/routes/index.ts';
import { sha256Hex } from '../../shared/lib/encoding.ts';
import { manifestOf, startLive, TARGET } from '../fixtures/live.ts';

const TOKENS = {
  viewer: 'canary-of-the-viewer-4711',
  alice: 'canary-of-alice-operator-4711',
  plain: 'canary-of-nobody-special-4711',
};

async function setup() {
  const live = await startLive({
    env: {
      WAYBILL_API_TOKENS: [
        `viewer:read:${TOKENS.viewer}`,
        `alice:operate:sha256:${sha256Hex(TOKENS.alice)}`,
        TOKENS.plain,
      ].join(),
    },
  });
  const ask = async (who: keyof typeof TOKENS, route: string, body?: unknown) => {
    const [method = '', path = ''] = route.split(' ');
    const answer = await fetch(`${live.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKENS[who]}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json');
    return {
      status: answer.status,
      role: answer.headers.get('waybill-role'),
      value: isJson ? JSON.parse(text) : text,
    };
  };
  return { ask, live };
}

it('a read token reads everything, and every write answers 403 before the body is read', async () => {
  const { ask, live } = await setup();
  expect(await ask('viewer', 'GET /runs')).toMatchObject({ status: 200, role: 'read' });
  expect(await ask('alice', 'GET /runs')).toMatchObject({ status: 200, role: 'operate' });
  expect(await ask('plain', 'GET /runs')).toMatchObject({ status: 200, role: 'operate' });
  const writes = ROUTES.filter(({ isPublic, route }) => !isPublic && !route.startsWith('GET '));
  expect(writes.length).toBeGreaterThan(25);
  for (const route of [...writes.map((each) => each.route), 'PUT /objects/{key}']) {
    const { status, value } = await ask('viewer', route.replace(/\{\w+\}/g, '1'), '{"bad');
    expect({ route, status, code: value.code }).toEqual({
      route,
      status: 403,
      code: 'TOKEN_READ_ONLY',
    });
    expect(value).toMatchObject({
      detail: 'The token viewer may only read.',
      errors: [{ path: 'authorization', message: 'expected a token with the role operate' }],
    });
  }
  expect((await ask('viewer', 'GET /audit-log')).value).toEqual({ entries: [], nextCursor: null });
  const client = createClient({ url: live.url, env: { WAYBILL_TOKEN: TOKENS.viewer } });
  await expect(client.steer('0123456789ab', 'cancel')).rejects.toThrow(
    'The token viewer may only read. authorization: expected a token with the role operate. Set WAYBILL_TOKEN to a token that operates.',
  );
});

it('G6: tells who started, paused, retried, cancelled and changed the pace, and holds no token', async () => {
  const { ask, live } = await setup();
  const key = `cos-fetch/${TARGET.region}/${TARGET.bucket}/m.csv`;
  await ask('alice', 'PUT /pace', { pace: '0/s' });
  await ask('plain', 'POST /uploads', { key });
  await ask('alice', `PUT /objects/${key}`, manifestOf(live.site, 3));
  const { runId } = (await ask('alice', 'POST /manifests', { key })).value;
  await ask('alice', `POST /runs/${runId}/pause`, {});
  await ask('plain', `POST /runs/${runId}/resume`, {});
  await ask('alice', `POST /runs/${runId}/cancel`, {});
  const classes = { class: ['transient'] };
  const retried = await ask('plain', `POST /runs/${runId}/retry`, classes);
  expect(retried.status).toBe(202);
  const secret = `http://user:canary-of-a-source@${new URL(live.site.url).host}/a`;
  const objects = [{ url: secret, key: 'a' }];
  const fetches = (await ask('alice', 'POST /fetches', { ...TARGET, objects })).value;
  const list = await ask('plain', 'POST /oms/v2/tasks/4042/start', {});
  // Refused: nothing was changed.
  expect((await ask('alice', 'PUT /pace', { pace: 'fast' })).status).toBe(400);
  expect((await ask('alice', 'POST /runs/none/cancel', {})).status).toBe(404);
  await ask('viewer', 'PUT /pace', { pace: null });

  const { entries } = (await ask('viewer', 'GET /audit-log?limit=100')).value;
  const told = entries.map((entry: Record<string, unknown>) => [
    entry['token'],
    entry['request'],
    entry['id'],
    entry['detail'],
  ]);
  expect(told.reverse()).toEqual([
    ['alice', 'PUT /pace', null, '{"pace":"0/s"}'],
    [null, 'POST /uploads', null, JSON.stringify({ key })],
    ['alice', `PUT /objects/${key}`, null, null],
    ['alice', 'POST /manifests', runId, JSON.stringify({ key })],
    ['alice', `POST /runs/${runId}/pause`, runId, null],
    [null, `POST /runs/${runId}/resume`, runId, null],
    ['alice', `POST /runs/${runId}/cancel`, runId, null],
    [null, `POST /runs/${runId}/retry`, runId, JSON.stringify(classes)],
    ['alice', 'POST /fetches', fetches.runId, null],
    [null, 'POST /oms/v2/tasks/4042/start', list.value.runId, null],
  ]);
  const first = (await ask('viewer', `GET /audit-log?id=${runId}&limit=4`)).value;
  expect(first.entries).toHaveLength(4);
  const rest = await ask('viewer', `GET /audit-log?id=${runId}&cursor=${first.nextCursor}`);
  expect(rest.value).toMatchObject({ entries: [{ request: 'POST /manifests' }], nextCursor: null });

  await live.stop();
  const files = ['waybill.db', 'waybill.db-wal', 'secrets.json'].flatMap((name) => {
    try {
      return [readFileSync(join(live.folder, name), 'latin1')];
    } catch {
      return [];
    }
  });
  const all = [...files, JSON.stringify(entries), live.output()].join();
  for (const token of Object.values(TOKENS)) {
    expect(all).not.toContain(token);
    expect(all).not.toContain(sha256Hex(token));
  }
  expect(JSON.stringify(entries)).not.toContain('canary');
});
