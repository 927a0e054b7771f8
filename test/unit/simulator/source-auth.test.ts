/** A private bucket of the simulated source, asked with addresses as the service signs them. */
import { request } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { presignUrl } from '../../../shared/lib/s3/presign.ts';
import type { PrivateBucket } from '../../../simulator/source-auth.ts';
import { startSourceSite } from '../../../simulator/source-site.ts';

const KEYS = { accessKeyId: 'AKID/EXAMPLE', secretAccessKey: 'secret' };

async function open(change: Partial<PrivateBucket> = {}) {
  const bucket = { name: 'media', region: 'eu-central-1', keys: KEYS, ...change };
  const site = await startSourceSite({ files: 1, bucket: () => bucket });
  onTestFinished(() => site.close());
  const sign = (path: string, change: object = {}) =>
    presignUrl({
      method: 'GET',
      origin: site.url,
      path,
      region: 'eu-central-1',
      keys: KEYS,
      seconds: 60,
      at: new Date(Date.now() - 1_000),
      ...change,
    });
  return { sign, site };
}

/** As it stands: a URL object would resolve dot segments. */
const ask = (url: string, method = 'GET') =>
  new Promise<readonly [status: number | undefined, body: string]>((done, failed) => {
    const { hostname, port, origin } = new URL(url);
    const asking = request({ hostname, port, path: url.slice(origin.length), method });
    asking.on('response', async (response) => {
      let body = '';
      for await (const part of response) body += part;
      done([response.statusCode, /<Code>(.*)<\/Message>/.exec(body)?.[1] ?? body]);
    });
    asking.on('error', failed);
    asking.end();
  });

const FILE = '/media/docs/file 0000.txt';

it('reads what is signed, and nothing unsigned', async () => {
  const { sign, site } = await open();
  expect((await ask(await sign(FILE)))[1]).toContain('File 0, line 0.');
  expect(await ask(await sign('/media/none'))).toEqual([404, 'not found\n']);
  expect(await ask(`${site.url}/media/docs/file%200000.txt`)).toEqual([
    403,
    'AccessDenied</Code><Message>Access Denied',
  ]);
});

it('P01: a path that was normalised on the way does not fit its signature', async () => {
  const { sign } = await open();
  const url = await sign('/media/a/../docs/./b');
  expect((await ask(url))[0]).toBe(404);
  expect((await ask(new URL(url).href))[1]).toMatch(/^SignatureDoesNotMatch/);
});

it('P04: an address for GET is refused to HEAD, one for HEAD is not', async () => {
  const { sign } = await open();
  expect((await ask(await sign(FILE), 'HEAD'))[0]).toBe(403);
  expect((await ask(await sign(FILE, { method: 'HEAD' }), 'HEAD'))[0]).toBe(200);
});

const at = (ms: number) => ({ at: new Date(Date.now() + ms) });

it.each<[string, Partial<PrivateBucket>, object, number, RegExp]>([
  ['an ended one', {}, at(-61_000), 403, /^AccessDenied.*Request has expired/],
  ['one of the future', {}, at(5_000), 403, /^AccessDenied.*not valid yet/],
  ['one of more than a week', {}, { seconds: 604_801 }, 400, /^AuthorizationQueryParametersError/],
  ['another key', {}, { keys: { ...KEYS, accessKeyId: 'x' } }, 403, /^InvalidAccessKeyId/],
  [
    'another secret',
    {},
    { keys: { ...KEYS, secretAccessKey: 'x' } },
    403,
    /^SignatureDoesNotMatch/,
  ],
  ['a token that ended', {}, { keys: { ...KEYS, sessionToken: 'x' } }, 400, /^ExpiredToken/],
  [
    'another region',
    { region: 'us-west-2' },
    {},
    400,
    /'eu-central-1' is wrong; expecting 'us-west-2'/,
  ],
  ['a bucket elsewhere', { redirects: 301 }, {}, 301, /^PermanentRedirect/],
  ['P07: plain http, where the policy refuses it', { refusesHttp: true }, {}, 403, /^AccessDenied/],
])('refuses %s', async (_name, rules, change, status, message) => {
  const { sign } = await open(rules);
  expect(await ask(await sign(FILE, change))).toEqual([status, expect.stringMatching(message)]);
});
