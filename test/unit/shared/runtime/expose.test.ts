/** A function whose stores can't be opened: what its callers are told. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { expose } from '#wiring';
import { ConfigError, StoreError } from '../../../../shared/lib/errors.ts';
import { createExpose } from '../../../../shared/runtime/expose.ts';
import { json } from '../../../../shared/runtime/http.ts';

const request = { routeKey: 'GET /runs', requestContext: { http: { method: 'GET' } } };
const message = { Records: [] };

/** A function whose first build fails, and what it writes to its log. */
function failing(error: Error) {
  const lines: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  onTestFinished(() => void write.mockRestore());
  let builds = 0;
  const handler = expose(async () => {
    builds += 1;
    if (builds === 1) throw error;
    return async () => json(200, { builds });
  });
  return { handler, lines };
}

it.each([
  ['a store', new StoreError('could not open /canary/waybill.db'), 'STORE_FAILED', 'http.failed'],
  [
    'the configuration',
    new ConfigError([{ path: 'WAYBILL_LEDGER', message: 'expected canary' }]),
    'CONFIG_INVALID',
    'config.invalid',
  ],
])(
  'a request is told of %s as a problem without details, and the next one works',
  async (_what, error, code, event) => {
    const { handler, lines } = failing(error);
    const answer = (await handler(request)) as {
      statusCode: number;
      headers: object;
      body: string;
    };
    expect(answer).toMatchObject({
      statusCode: 503,
      headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    });
    expect(JSON.parse(answer.body)).toEqual({
      type: `/docs/troubleshooting.md#${code.toLowerCase()}`,
      title: 'Service Unavailable',
      status: 503,
      code,
    });
    expect(lines.join('')).toContain(event);
    expect(await handler(request)).toMatchObject({ statusCode: 200 });
  },
);

it('a message goes back to its queue', async () => {
  const { handler } = failing(new StoreError('could not open'));
  await expect(handler(message)).rejects.toMatchObject({ code: 'STORE_FAILED' });
});

it('a request is answered in time, whatever it waits for; a message may take as long as it needs', async () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  onTestFinished(() => void write.mockRestore());
  let end = (_value: unknown): void => {};
  const handler = createExpose({
    openEnv: async (env) => ({ env, version: () => 0, refresh: async () => {} }),
    pause: async () => {},
    answerMs: 20,
  })(async () => () => new Promise((resolve) => (end = resolve)));
  const answer = (await handler(request)) as { statusCode: number; body: string };
  expect(answer).toMatchObject({ statusCode: 503 });
  expect(JSON.parse(answer.body)).toMatchObject({ code: 'STORE_FAILED' });
  const messages = handler(message);
  setTimeout(() => end('done'), 40);
  expect(await messages).toBe('done');
});
