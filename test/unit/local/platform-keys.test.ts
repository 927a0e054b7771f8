import { request } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { type EventHandler, type StreamHandler, startServer } from '../../../local/http.ts';
import { createLog } from '../../../shared/lib/log.ts';

const KEYS = [
  'X-Scf-Secret-Id',
  'X-Scf-Secret-Key',
  'X-Scf-Session-Token',
  'X-CFF-Access-Key',
  'X-CFF-Secret-Key',
  'X-CFF-Security-Access-Key',
  'X-CFF-Security-Secret-Key',
  'X-CFF-Security-Token',
  'X-CFF-Auth-Token',
  'x-fc-access-key-id',
  'x-fc-access-key-secret',
  'x-fc-security-token',
];

it('G6: keys that a platform puts into headers are gone before a token check, a handler or the log', async () => {
  const seen: string[] = [];
  const note = (what: unknown) => seen.push(JSON.stringify(what));
  const echo: EventHandler = async (event) => {
    note(event);
    throw new Error('so that the log tells of it');
  };
  const stream: StreamHandler = async ({ headers, rawHeaders }) => {
    note([headers, rawHeaders]);
    return { statusCode: 200 };
  };
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    log: createLog({ level: 'debug', write: (line) => seen.push(line) }),
    checkToken: async (headers) => {
      note(headers);
      return { role: 'operate' };
    },
    routes: [['GET /runs', echo]],
    streams: [['PUT /objects/{key+}', stream]],
    events: [['POST /event-invoke', echo]],
  });
  onTestFinished(() => server.close());
  const send = (method: string, path: string) =>
    new Promise<void>((done, reject) => {
      const headers = Object.fromEntries(KEYS.map((name, at) => [name, `canary-${at}`]));
      const call = request(server.url + path, { method, headers: { ...headers, 'X-Kept': 'yes' } });
      call.on('error', reject).on('response', (answer) => answer.resume().on('end', done));
      call.end();
    });
  await send('GET', '/runs');
  await send('POST', '/event-invoke');
  await send('PUT', '/objects/a');
  expect(seen).toHaveLength(7);
  expect(seen.join('\n')).not.toContain('canary');
  expect(seen.filter((text) => text.includes('x-kept')).length).toBe(5);
});
