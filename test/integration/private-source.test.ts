/** Objects of private buckets, from the manifest to the reports, and what their refusals are told as. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startSimulator } from '../../simulator/main.ts';
import type { PrivateBucket } from '../../simulator/source-auth.ts';
import { type SourceSite, startSourceSite } from '../../simulator/source-site.ts';
import { startProgram, until } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const KEYS = { accessKeyId: 'AKIDcanary+id/4711', secretAccessKey: 'canary-secret/key+4711' };
const TOKEN = 'canary-token+/==4711';
const API_TOKEN = 'token-of-a-test-4711-0815';
const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';

const later = (ms: number) => () => new Date(Date.now() + ms);

const clock = { late: 2 * 86_400_000 };

/** What each bucket does, and what becomes of an object of it: a cause as class and code. */
const BUCKETS: Readonly<Record<string, readonly [Partial<PrivateBucket>, string?, RegExp?]>> = {
  good: [{}],
  'a-minute-behind': [{ now: later(-50_000) }],
  denies: [
    { refusesHttp: true },
    'request SOURCE_REFUSED',
    /aws:SecureTransport.*publicUrl or use OMS/,
  ],
  moved: [
    { redirects: 301, region: 'us-west-2' },
    'request REGION',
    /is in us-west-2, not in eu-central-1/,
  ],
  moving: [
    { redirects: 307, region: 'us-west-2' },
    'request REGION',
    /is in us-west-2, not in eu-central-1/,
  ],
  elsewhere: [{ region: 'us-west-2' }, 'request REGION', /is in us-west-2, not in eu-central-1/],
  stranger: [
    { keys: { ...KEYS, accessKeyId: 'other' } },
    'credentials InvalidAccessKeyId',
    /credential set "reader"/,
  ],
  stale: [
    { keys: { ...KEYS, sessionToken: 'newer' } },
    'credentials ExpiredToken',
    /credential set "temporary"/,
  ],
  wrong: [
    { keys: { ...KEYS, secretAccessKey: 'other' } },
    'request SOURCE_REFUSED',
    /check secretAccessKey of credential set "reader"/,
  ],
  late: [
    { now: () => later(clock.late)() },
    'transient SOURCE_ADDRESS_ENDED',
    /next attempt has a new one/,
  ],
  early: [{ now: later(-300_000) }, 'transient SOURCE_ADDRESS_EARLY', /clock of this machine/],
};

async function startBuckets() {
  const sites = new Map<string, SourceSite>();
  for (const [name, [rules]] of Object.entries(BUCKETS)) {
    const bucket = { name, region: 'eu-central-1', keys: KEYS, ...rules };
    const site = await startSourceSite({ files: 12, bucket: () => bucket });
    onTestFinished(() => site.close());
    sites.set(name, site);
  }
  const sources = Object.fromEntries(
    [...sites].map(([name, { url }]) => {
      const credentials = name === 'stale' ? 'temporary' : 'reader';
      const place = { kind: 's3-compatible', region: 'eu-central-1', endpoint: url };
      return [name, { ...place, bucket: name, credentials }];
    }),
  );
  const temporary = { ...KEYS, sessionToken: TOKEN };
  const folder = temporaryFolder();
  const [sourcesFile, setsFile] = [join(folder, 'sources.json'), join(folder, 'sets.json')];
  writeFileSync(sourcesFile, JSON.stringify(sources));
  writeFileSync(setsFile, JSON.stringify({ reader: KEYS, temporary }));
  const env = { WAYBILL_SOURCES_FILE: sourcesFile, WAYBILL_CREDENTIALS_FILE: setsFile };
  return { env, sites };
}

const encoded = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

it('G6: private objects arrive by signed addresses, which are nowhere but at the provider', async () => {
  const { env, sites } = await startBuckets();
  // The row of what may have been sent is whole at once, others are made with their outcome.
  const simulator = await startSimulator({
    faults: [{ api: 'fetch-create', kind: 'bad-gateway', key: '^unanswered$' }],
  });
  onTestFinished(() => simulator.close());
  const folder = temporaryFolder();
  const service = startProgram('local/main.ts', [], {
    ...simulator.env(),
    ...env,
    LOG_LEVEL: 'debug',
    PORT: '0',
    WAYBILL_API_TOKENS: API_TOKEN,
    WAYBILL_DATA: folder,
    WAYBILL_MAX_ATTEMPTS: '1',
    WAYBILL_SETTLE_SECONDS: '0',
    WAYBILL_SWEEP_SECONDS: '1',
  });
  const [, url = ''] = await service.says(/listens on (\S+)/);
  const answers: string[] = [];
  const call = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${API_TOKEN}` };
    const text = await (await fetch(url + path, { ...init, headers })).text();
    answers.push(text);
    return text;
  };
  const finished = async (runId: string) => {
    await until(
      async () => JSON.parse(await call(`/runs/${runId}`)).state === 'completed' || undefined,
    );
    const page = JSON.parse(await call(`/runs/${runId}/transfers?limit=1000`));
    return page.transfers as readonly Row[];
  };

  const files = sites.get('good')?.files ?? [];
  const lines = [
    'url,key,md5',
    ...files.map(({ path, md5 }) => `s3://good/${encoded(path)},"all/${path}",${md5}`),
    ...Object.keys(BUCKETS).map((name) => `s3://${name}/docs/file%200000.txt,${name},`),
    's3://good/docs/file%200000.txt,unanswered,',
    's3://good/none.txt,missing,',
    's3://nowhere/a.txt,nowhere,',
  ];
  await call(`/objects/${KEY}`, { method: 'PUT', body: lines.join('\n') });
  const start = { method: 'POST', body: JSON.stringify({ key: KEY }) };
  const { runId } = JSON.parse(await call('/manifests', start));
  const rows = await finished(runId);
  const byKey = new Map(rows.map((row) => [row.key, row]));
  for (const { path } of files) expect(byKey.get(`all/${path}`)?.state, path).toBe('succeeded');
  for (const [name, [, cause, message]] of Object.entries(BUCKETS)) {
    const row = byKey.get(name);
    expect.soft(row?.cause && `${row.cause.class} ${row.cause.code}`, name).toBe(cause);
    if (message) expect.soft(row?.cause?.message, name).toMatch(message);
    expect.soft(row?.url, name).toBe(`s3://${name}/docs/file%200000.txt`);
  }
  expect.soft(byKey.get('unanswered')).toMatchObject({
    state: 'succeeded',
    url: 's3://good/docs/file%200000.txt',
  });
  expect(byKey.get('missing')?.cause).toMatchObject({ class: 'source', code: 'NotFound' });
  expect(await call(`/runs/${runId}/rejected.csv`)).toContain('URL_SOURCE_UNKNOWN');
  expect(await call(`/runs/${runId}/failed.csv`)).toContain('s3://denies/docs/file%200000.txt');

  const objects = [{ url: `s3://good/${encoded(files[0]?.path ?? '')}`, key: 'by request' }];
  const target = { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' };
  const body = JSON.stringify({ ...target, objects });
  const asked = JSON.parse(await call('/fetches', { method: 'POST', body }));
  expect(await finished(asked.runId)).toMatchObject([{ key: 'by request', state: 'succeeded' }]);
  const { sources } = JSON.parse(await call('/sources'));
  expect(sources).toHaveLength(Object.keys(BUCKETS).length);
  expect(sources[0]).toEqual({
    name: 'good',
    kind: 's3-compatible',
    bucket: 'good',
    region: 'eu-central-1',
    address: 's3://good/',
    access: 'signed',
    credentials: 'reader',
    presignSeconds: 86_400,
  });

  // The clock of the source is right again: at night the same object is signed anew.
  clock.late = 0;
  await call('/nightly', { method: 'POST' });
  const nightly = await until(async () => {
    const { runs } = JSON.parse(await call('/runs?operation=retry-failed-objects'));
    return runs[0]?.state === 'completed' ? runs[0] : undefined;
  });
  const retried = new Map((await finished(nightly.runId)).map((row) => [row.key, row]));
  expect(retried.get('late')).toMatchObject({
    state: 'succeeded',
    url: 's3://late/docs/file%200000.txt',
  });
  expect([...retried.keys()].sort()).toEqual(['early', 'late', 'missing']);
  await call(`/runs/${runId}/summary.json`);
  await service.kill('SIGTERM');
  answers.push(service.output());

  const sent = simulator.submissions().map((task) => task.url);
  expect(sent.every((each) => each.includes('X-Amz-Signature='))).toBe(true);
  const places = [
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')),
    ...answers,
  ];
  const secrets = [KEYS.accessKeyId, KEYS.secretAccessKey, TOKEN, 'X-Amz-Signature'];
  const all = [...secrets, ...secrets.map(encodeURIComponent)];
  expect(all.filter((secret) => places.some((text) => text.includes(secret)))).toEqual([]);
});

interface Row {
  readonly key: string;
  readonly url: string;
  readonly state: string;
  readonly cause?: { readonly class: string; readonly code: string; readonly message: string };
}
