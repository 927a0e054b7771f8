/** What callers without a token, or with odd ones and odd paths, get of a live service: nothing. */
import { once } from 'node:events';
import { request } from 'node:http';
import { expect, it } from 'vitest';
import { openApi } from '../../shared/api/openapi.ts';
import { type LiveService, startLive, TOKEN } from '../fixtures/live.ts';

interface Told {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** With the path exactly as it is written. */
async function ask(
  { url }: LiveService,
  method: string,
  path: string,
  headers: Readonly<Record<string, string | string[]>> = {},
  body = '',
): Promise<Told> {
  const { hostname, port } = new URL(url);
  const sent = request({ hostname, port, method, path, headers: { ...headers } });
  sent.end(body);
  const [answer] = await once(sent, 'response');
  let text = '';
  for await (const part of answer) text += part;
  return { status: answer.statusCode, type: answer.headers['content-type'] ?? '', text };
}

const PUBLIC =
  /^(?:\/|\/openapi\.json|\/healthz|\/readyz|\/certificate-key|\/assets\/[^/]+|\/callbacks\/[^/]+|\/notifications\/smn)$/;
const paths = Object.keys(openApi().paths).map((path) => path.replace(/\{\w+\}/g, 'x'));
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'];

/** The path written in other ways. */
const disguises = (path: string): readonly string[] => [
  path,
  `${path}/`,
  `/${path}`,
  path.replace(/(?<=.)\//g, '//'),
  `/.${path}`,
  `/x/..${path}`,
  `/healthz/..${path}`,
  `/healthz/%2e%2e${path}`,
  `/assets/..%2f..${path.replaceAll('/', '%2f')}`,
  path.replaceAll('/', '%2f'),
  path.replaceAll('/', '\\'),
  path.toUpperCase(),
  `${path};x`,
  `${path}%00`,
  `${path}?authorization=Bearer%20${TOKEN}&access_token=${TOKEN}`,
  `http://healthz${path}`,
];

it('no way to write a path, and no method, goes around the token', async () => {
  const live = await startLive();
  const wrong: string[] = [];
  for (const path of paths.filter((each) => !PUBLIC.test(each))) {
    for (const method of METHODS) {
      const told = await ask(live, method, path);
      if (![401, 405].includes(told.status)) wrong.push(`${method} ${path} ${told.status}`);
    }
    for (const disguised of disguises(path)) {
      const { status, text, type } = await ask(live, 'GET', disguised);
      // What is no request at all, Node itself refuses.
      if (status === 400 && text === '') continue;
      if (![401, 404, 405].includes(status)) wrong.push(`GET ${disguised} ${status}`);
      expect(type, disguised).toBe('application/problem+json');
      expect(text, disguised).not.toContain(live.folder);
    }
  }
  expect(wrong).toEqual([]);
});

const BAD_TOKENS: readonly (readonly [
  what: string,
  headers: Readonly<Record<string, string>>,
  code: string,
])[] = [
  ['none', {}, 'UNAUTHORIZED'],
  ['of another case', { authorization: `Bearer ${TOKEN.toUpperCase()}` }, 'TOKEN_UNKNOWN'],
  ['of another scheme', { authorization: `Basic ${TOKEN}` }, 'UNAUTHORIZED'],
  ['without a scheme', { authorization: TOKEN }, 'UNAUTHORIZED'],
  ['with something behind it', { authorization: `Bearer ${TOKEN} x` }, 'UNAUTHORIZED'],
  ['cut short', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }, 'TOKEN_UNKNOWN'],
  ['of several', { authorization: `Bearer x,Bearer ${TOKEN}` }, 'UNAUTHORIZED'],
  ['that is empty', { authorization: 'Bearer ' }, 'UNAUTHORIZED'],
  [
    'in other headers',
    { 'x-authorization': `Bearer ${TOKEN}`, cookie: `token=${TOKEN}` },
    'UNAUTHORIZED',
  ],
  ['very long', { authorization: `Bearer ${'x'.repeat(12_000)}` }, 'TOKEN_UNKNOWN'],
];

const TOLD: Readonly<Record<string, string>> = {
  UNAUTHORIZED: 'This route needs a token.',
  TOKEN_UNKNOWN: 'The token is unknown.',
};

it('what is not exactly one of the tokens is none', async () => {
  const live = await startLive();
  for (const [what, headers, code] of BAD_TOKENS) {
    const { status, text } = await ask(live, 'GET', '/runs', headers);
    expect(status, what).toBe(401);
    expect(text, what).not.toContain(TOKEN);
    expect(JSON.parse(text), what).toMatchObject({
      code,
      detail: TOLD[code],
    });
  }
});

it('a manifest is looked for only where manifests are', async () => {
  const live = await startLive();
  for (const key of [
    'x.csv',
    'reports/r/summary.json',
    'staging/a',
    'COS-FETCH/a',
    'cos-batch/a',
  ]) {
    const answer = await live.call('/manifests', { method: 'POST', body: JSON.stringify({ key }) });
    expect(answer.status, key).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'BODY_INVALID', errors: [{ path: 'key' }] });
  }
});
