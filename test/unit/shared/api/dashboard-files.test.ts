/** The dashboard's files as `runs` answers them, built into a folder of the test's own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltFile, buildDashboard, sum } from '../../../../scripts/build-dashboard.ts';
import { createStatic } from '../../../../shared/api/dashboard-files.ts';
import type { HttpAnswer, HttpRequest } from '../../../../shared/runtime/http.ts';

const folder = mkdtempSync(join(tmpdir(), 'waybill-page-'));
let built: readonly BuiltFile[] = [];
beforeAll(async () => {
  built = await buildDashboard(join(folder, 'dashboard'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ask = (
  path: string,
  headers: HttpRequest['headers'] = {},
  options: Partial<Parameters<typeof createStatic>[0]> = {},
): Promise<HttpAnswer> => {
  const file = /^\/assets\/(.+)$/.exec(path)?.[1];
  return createStatic({ folder: join(folder, 'dashboard'), ...options })({
    method: 'GET',
    routeKey: file === undefined ? 'GET /' : 'GET /assets/{file}',
    params: file === undefined ? {} : { file },
    query: {},
    headers,
    body: '',
  });
};
const textOf = ({ body = '' }: HttpAnswer, unpack = (bytes: Buffer): Buffer => bytes): string =>
  unpack(Buffer.from(body, 'base64')).toString('utf8');

describe('the build', () => {
  // Runs draw plots, and the form to start one checks files; no view does both.
  it.each(['lint', 'plot'])('loads in below 100 KB compressed, with %s', (part) => {
    const others = ['lint', 'plot'].filter((name) => name !== part);
    const loaded = built.filter(({ path }) => !others.some((name) => path.includes(`/${name}-`)));
    expect(loaded).toHaveLength(built.length - 1);
    expect(sum(loaded, 'gzip')).toBeLessThanOrEqual(100_000);
    expect(sum(loaded, 'gzip')).toBeGreaterThan(50_000);
  });

  it('names every asset by its content, and the page asks for nothing else', async () => {
    const page = textOf(await ask('/'));
    const asked = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(asked).toHaveLength(3);
    for (const path of asked) {
      expect(path).toMatch(/^assets\/\w+-[A-Z0-9]{8}\.\w+$/);
      expect(built.map((file) => file.path)).toContain(path);
    }
    expect(page).not.toMatch(/<script>|<style|style=|onload=|https?:/);
  });

  it('is the same when it is built again', async () => {
    const again = await buildDashboard(join(folder, 'again'));
    expect(again).toEqual(built);
  });
});

describe('an answer', () => {
  it('is the page, public, guarded, and asked for anew each time', async () => {
    const { statusCode, headers } = await ask('/');
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      vary: 'accept-encoding',
    });
  });

  it('lets uploads go to the store alone, besides here', async () => {
    const { headers } = await ask('/', {}, { uploadOrigin: 'https://bucket.s3.example' });
    expect(headers?.['content-security-policy']).toContain(
      "connect-src 'self' https://bucket.s3.example;",
    );
  });

  it('keeps every asset for ever, with its type', async () => {
    for (const { path } of built.filter((file) => file.path.startsWith('assets/'))) {
      const { headers } = await ask(`/${path}`);
      expect(headers?.['cache-control'], path).toBe('public, max-age=31536000, immutable');
      expect(headers?.['content-type'], path).toMatch(
        path.endsWith('.js') ? /^text\/javascript/ : /^(?:text\/css|image\/svg\+xml)/,
      );
      expect(headers?.['x-content-type-options'], path).toBe('nosniff');
    }
  });

  it.each([
    ['br, gzip', 'br', brotliDecompressSync],
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['br;q=0, gzip;q=0.5', 'gzip', gunzipSync],
    ['identity', undefined, (bytes: Buffer) => bytes],
    ['gzip;q=0', undefined, (bytes: Buffer) => bytes],
    ['', undefined, (bytes: Buffer) => bytes],
  ])('to "%s" is in %s', async (accepted, coding, unpack) => {
    const answer = await ask('/', { 'accept-encoding': accepted });
    expect(answer.headers?.['content-encoding']).toBe(coding);
    expect(answer.isBase64Encoded).toBe(true);
    expect(textOf(answer, unpack)).toBe(textOf(await ask('/')));
  });

  it('is empty for whoever has it already, whatever its coding', async () => {
    const { headers } = await ask('/');
    const etag = headers?.['etag'] ?? '';
    expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
    const asked = { 'if-none-match': `"other", ${etag}`, 'accept-encoding': 'br' };
    const answer = await ask('/', asked);
    expect(answer).toMatchObject({ statusCode: 304, headers: { etag } });
    expect(answer.body).toBeUndefined();
    expect(await ask('/', { 'if-none-match': '"other"' })).toMatchObject({ statusCode: 200 });
  });

  it.each([
    '/assets/files.json',
    '/assets/../files.json',
    '/assets/__proto__',
    '/assets/constructor',
  ])('to %s is that there is no such file', async (path) => {
    await expect(ask(path)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is told where nothing was built, and found once it is', async () => {
    const empty = join(folder, 'later');
    const serve = createStatic({ folder: empty });
    const request: HttpRequest = {
      method: 'GET',
      routeKey: 'GET /',
      params: {},
      query: {},
      headers: {},
      body: '',
    };
    await expect(serve(request)).rejects.toThrow('The dashboard is not built here.');
    await buildDashboard(empty);
    expect(await serve(request)).toMatchObject({ statusCode: 200 });
  });
});
