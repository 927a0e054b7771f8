/** Probes of sources, against the simulated source site over loopback, http and https at one port. */
import Agent from 'undici/lib/dispatcher/agent.js';
import { expect, it, onTestFinished } from 'vitest';
import { createFetch } from '../../../../shared/lib/http.ts';
import type { SourceConfig } from '../../../../shared/manifest/sources/config.ts';
import { createSources } from '../../../../shared/manifest/sources/sources.ts';
import { probeUrl } from '../../../../shared/plans/probe.ts';
import { listen } from '../../../../simulator/server.ts';
import type { PrivateBucket } from '../../../../simulator/source-auth.ts';
import { startSourceSite } from '../../../../simulator/source-site.ts';

const KEYS = { accessKeyId: 'AKIDcanary', secretAccessKey: 'canary-secret' };
const REGION = 'eu-central-1';
const OBJECT = 's3://media/docs/file%200000.txt';

/** The certificate of the simulated site is trusted by nobody. */
const fetch = createFetch({ dispatcher: new Agent({ connect: { rejectUnauthorized: false } }) });

const sets = (expiresAt?: Date) => ({
  get: async () => ({ kind: 'source', ...KEYS, ...(expiresAt && { expiresAt }) }) as never,
});

const sourceAt = (endpoint: string, more: Partial<SourceConfig> = {}): SourceConfig => ({
  name: 'media',
  kind: 's3-compatible',
  bucket: 'media',
  region: REGION,
  endpoint,
  credentials: 'reader',
  ...more,
});

async function probe(
  rules: Partial<PrivateBucket>,
  { url = OBJECT, expiresAt }: { url?: string; expiresAt?: Date } = {},
) {
  const bucket = { name: 'media', region: REGION, keys: KEYS, ...rules };
  const site = await startSourceSite({ files: 6, bucket: () => bucket, secure: true });
  onTestFinished(() => site.close());
  const configs = () => [sourceAt(site.url)];
  return probeUrl(url, { sources: createSources({ configs, sets: sets(expiresAt) }), fetch });
}

it('P04: an object is read by one byte, by the very address that a provider would be given', async () => {
  expect(await probe({})).toBeUndefined();
  expect(await probe({}, { url: 's3://media/a%2Bb%20%26%20c/file%200005.txt' })).toBeUndefined();
});

it('P07: a source that refuses http is named so, with the ways out, and never as missing', async () => {
  const found = await probe({ refusesHttp: true });
  expect(found?.code).toBe('SOURCE_HTTP');
  expect(found?.message).toMatch(/refuses http .*aws:SecureTransport.*publicUrl.*OMS/);
});

it.each<[string, Partial<PrivateBucket>, string, RegExp]>([
  [
    'P05: a redirect',
    { redirects: 301, region: 'us-west-2' },
    'REGION',
    /is in us-west-2, not in eu/,
  ],
  [
    'P05: a redirect',
    { redirects: 307, region: 'us-west-2' },
    'REGION',
    /is in us-west-2, not in eu/,
  ],
  ['P05: a refusal', { region: 'us-west-2' }, 'REGION', /us-west-2, not in eu-central-1/],
  [
    'an unknown key',
    { keys: { ...KEYS, accessKeyId: 'other' } },
    'InvalidAccessKeyId',
    /credential set "reader"/,
  ],
  [
    'a wrong secret',
    { keys: { ...KEYS, secretAccessKey: 'other' } },
    'SOURCE_REFUSED',
    /Check secretAccessKey of credential set "reader"/,
  ],
  [
    'a clock ahead of the source',
    { now: () => new Date(Date.now() - 300_000) },
    'SOURCE_ADDRESS_EARLY',
    /clock of this machine/,
  ],
])('%s that names the cause: %j', async (_name, rules, code, message) => {
  const found = await probe(rules);
  expect(found).toEqual({ code, message: expect.stringMatching(message) });
  expect(JSON.stringify(found)).not.toContain('canary');
});

it('an object that is gone is missing', async () => {
  expect(await probe({}, { url: 's3://media/docs/none.txt' })).toMatchObject({
    code: 'SOURCE_MISSING',
  });
});

it('P02: keys that end too soon sign nothing', async () => {
  const expiresAt = new Date(Date.now() + 60_000);
  expect(await probe({}, { expiresAt })).toMatchObject({
    code: 'SOURCE_KEYS_END',
    message: expect.stringContaining('Renew them'),
  });
});

it.each([
  [403, '<Error><Code>ApkDownloadForbidden</Code></Error>', 'SOURCE_DOMAIN', /custom domain/],
  [403, '<Error><Code>AccessDenied</Code></Error>', 'SOURCE_REFUSED', /s3:GetObject/],
  [503, 'busy', 'SOURCE_BUSY', /503/],
  [416, '', undefined, undefined],
] as const)('a bucket that answers %d %s', async (status, body, code, message) => {
  const { url, close } = await listen(0, () => ({ status, body }));
  onTestFinished(close);
  const configs = () => [sourceAt(url)];
  const found = await probeUrl(OBJECT, {
    sources: createSources({ configs, sets: sets() }),
    fetch,
  });
  expect(found?.code).toBe(code);
  if (message) expect(found?.message).toMatch(message);
});

it('plain URLs go out as they are, without what is behind #, and without user and password', async () => {
  const seen: string[] = [];
  const { url, close } = await listen(0, ({ rawPath, rawQuery, headers }) => {
    seen.push(`${rawPath}?${rawQuery} ${headers['range']} ${headers['authorization']}`);
    return { status: 302 };
  });
  onTestFinished(close);
  const sources = createSources({ configs: () => [], sets: sets() });
  const given = `${url.replace('//', '//u:p@')}/a/../b+(c)%2f?x=%41#d`;
  expect(await probeUrl(given, { sources, fetch })).toMatchObject({ code: 'SOURCE_REDIRECTS' });
  expect(seen).toEqual(['/a/../b+(c)%2f?x=%41 bytes=0-0 undefined']);
  await close();
  expect(await probeUrl(given, { sources, fetch })).toMatchObject({
    code: 'SOURCE_UNREACHABLE',
    message: expect.stringContaining('Check the endpoint'),
  });
});
