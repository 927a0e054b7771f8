import { expect, it } from 'vitest';
import { conditional } from '../../../../../shared/api/handlers/not-modified.ts';
import type { HttpRequest } from '../../../../../shared/runtime/http.ts';
import { json } from '../../../../../shared/runtime/http.ts';

const ask = (headers: HttpRequest['headers'] = {}, method = 'GET'): HttpRequest => ({
  method,
  routeKey: 'GET /runs',
  params: {},
  query: {},
  headers,
  body: '',
});

it('names what is read, and spares it to whoever knows it', () => {
  const answer = conditional(ask(), json(200, { a: 1 }));
  const etag = answer.headers?.['etag'] ?? '';
  expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
  expect(answer.headers?.['cache-control']).toBe('private, no-cache');
  const again = conditional(ask({ 'if-none-match': `"other", ${etag}` }), json(200, { a: 1 }));
  expect(again).toEqual({
    statusCode: 304,
    headers: { etag, 'cache-control': 'private, no-cache' },
  });
  // A proxy may have made it a strong one.
  const strong = ask({ 'if-none-match': etag.slice(2) });
  expect(conditional(strong, json(200, { a: 1 })).statusCode).toBe(304);
  expect(conditional(ask({ 'if-none-match': etag }), json(200, { a: 2 })).statusCode).toBe(200);
});

it('leaves alone what is no read, or no success', () => {
  const posted = json(200, {});
  expect(conditional(ask({ 'if-none-match': '*' }, 'POST'), posted)).toBe(posted);
  const refused = json(404, {});
  expect(conditional(ask({ 'if-none-match': '*' }), refused)).toBe(refused);
});
