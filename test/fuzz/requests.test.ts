/** Bytes on the port of a live service that no client sends: it refuses them, and serves the next caller. */
import { connect } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { corpusCases, fuzz, mutants, readCorpus } from '../fixtures/fuzz.ts';
import { type LiveService, startLive, TOKEN } from '../fixtures/live.ts';

/** All that the service answers until it ends the connection; nothing more comes after half a second. */
const talk = ({ url }: LiveService, bytes: Uint8Array): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    socket.setTimeout(500, () => socket.destroy());
    socket.on('data', (part) => {
      text += part.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
    socket.write(bytes);
  });

const statusesIn = (answer: string): readonly number[] =>
  [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));

const request = (line: string, headers: readonly string[] = [], body = ''): Buffer =>
  Buffer.from(
    [
      `${line} HTTP/1.1`,
      'host: a.example',
      'connection: close',
      `authorization: Bearer ${TOKEN}`,
      ...headers,
      `content-length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );

const json = ['content-type: application/json'];

const REQUESTS = [
  request('GET /runs?limit=10&state=failed'),
  request('GET /runs/r1/failed.csv'),
  request(
    'POST /fetches',
    [...json, 'idempotency-key: a'],
    '{"region":"ap-shanghai","bucket":"examplebucket-1250000000","objects":[{"url":"http://a.example/1"}]}',
  ),
  request(
    'PUT /objects/cos-fetch/ap-shanghai/examplebucket-1250000000/a.csv',
    ['content-type: text/csv'],
    'url\n',
  ),
  request('POST /callbacks/k1.a.b', json, '{"code":"a"}'),
  request('POST /notifications/smn', json, '{"type":"Notification"}'),
  request('HEAD /openapi.json'),
];

const TOKENS = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\0',
    ' ',
    ':',
    '\t',
    '\u00ff',
    '%',
    '%00',
    '%c0%af',
    '%ff',
    '..',
    '//',
    '?',
    '#',
    '&',
    '=',
    '[',
    '__proto__',
  ],
  ...[
    'HTTP/1.0',
    'HTTP/9.9',
    'GET http://b.example/runs',
    'CONNECT a:1',
    'OPTIONS *',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ],
  ...[
    'content-length: 0\r\n',
    'content-length: -1\r\n',
    'content-length: 99999999999999999999\r\n',
    'transfer-encoding: chunked\r\n',
    'transfer-encoding: x\r\n',
    'expect: 100-continue\r\n',
    'upgrade: websocket\r\nconnection: upgrade\r\n',
    'content-encoding: gzip\r\n',
    'content-type: multipart/form-data\r\n',
  ],
  ...['{"a":'.repeat(2_000), 'a'.repeat(20_000), 'x-a: b\r\n'.repeat(300)],
];

/** What a caller may be told. */
const REFUSALS = new Set([
  100, 200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 408, 409, 411, 413, 414, 415, 417, 422,
  431,
]);

const corpus = corpusCases<{ readonly statuses: readonly number[] }>('requests');

it('G9: no bytes on its port make the service answer with a fault of its own', async () => {
  const live = await startLive();
  for (const [name, bytes, { statuses }] of corpus) {
    expect([name, statusesIn(await talk(live, bytes))]).toEqual([name, statuses]);
  }
  const callers = mutants([...REQUESTS, ...readCorpus('requests').values()], TOKENS);
  await fuzz(fc.array(callers, { minLength: 1, maxLength: 6 }), 10, async (all) => {
    const answers = await Promise.all(all.map((bytes) => talk(live, bytes)));
    for (const answer of answers) {
      for (const status of statusesIn(answer))
        expect(REFUSALS, answer.slice(0, 400)).toContain(status);
      expect(answer).not.toContain(TOKEN);
    }
  });
  expect((await live.call('/runs')).status).toBe(200);
  expect(live.output()).not.toMatch(/http\.failed|UNEXPECTED/);
});
