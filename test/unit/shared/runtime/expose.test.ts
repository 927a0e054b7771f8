/** A function whose stores can't be opened: what its callers are told. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { expose } from '#wiring';
import { ConfigError, StoreError } from '../../../../shared/lib/errors.ts';
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
