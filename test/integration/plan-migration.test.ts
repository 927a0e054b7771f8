/** `waybill plan <source> <target>` on simulated buckets, and what its probe finds out about them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type PlanWithProbe, planWithProbeShape } from '../../cli/plan/shape.ts';
import { PRICES } from '../../shared/plans/prices.ts';
import { DEFAULT_OMS_KEYS } from '../../simulator/huawei/simulator.ts';
import { type Simulator, startSimulator } from '../../simulator/main.ts';
import type { PrivateBucket } from '../../simulator/source-auth.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { runProgram } from '../fixtures/program.ts';
import { putObject } from '../fixtures/providers.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const COS = 'cos://ap-shanghai/examplebucket-1250000000/photos/';
const { ak: accessKeyId, sk: secretAccessKey } = DEFAULT_OMS_KEYS.destination;

let folder: string;
let simulator: Simulator;
let env: Record<string, string>;

afterEach(() => {
  vi.unstubAllEnvs();
});

const file = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

beforeEach(async () => {
  folder = temporaryFolder();
  simulator = await startSimulator({ huawei: true });
  onTestFinished(() => simulator.close());
  env = simulator.env();
});

/** A private bucket of OBS, whose keys are those that the simulator knows. */
function configure(endpoint: string, more: object = {}) {
  const place = { bucket: 'media', region: 'cn-north-4', endpoint, addressing: 'path' };
  const media = { kind: 'obs', ...place, credentials: 'reader', ...more };
  env['WAYBILL_SOURCES_FILE'] = file('sources.json', { media });
  const reader = { accessKeyId, secretAccessKey };
  env['WAYBILL_CREDENTIALS_FILE'] = file('sets.json', { reader });
}

async function plan(...given: readonly string[]) {
  const { code, out, err, failure } = await runProgram(env, 'plan', ...given, '--json');
  if (out === '') return { code, err, failure, plan: undefined as unknown as PlanWithProbe };
  const planned: unknown = JSON.parse(out);
  expect(v.safeParse(planWithProbeShape, planned).issues).toBeUndefined();
  return { code, err, failure, plan: planned as PlanWithProbe };
}

describe('a bucket', () => {
  beforeEach(() => {
    const { huawei } = simulator;
    configure(huawei?.obsUrl ?? '');
    for (let n = 0; n < 1_200; n += 1) huawei?.obs.put('media', `photos/${n}.jpg`, 'x'.repeat(n));
    huawei?.obs.put('media', 'other/a.jpg', 'x');
    huawei?.obs.put('media', 'photos/folder/', '');
  });

  it('is counted behind its prefix, and planned without any call of the target', async () => {
    const { code, plan: planned } = await plan('obs://media/photos/', COS, '--rate', '10');
    expect(code).toBe(0);
    expect(planned).toMatchObject({
      source: { address: 'obs://media/photos/', kind: 'obs', access: 'signed' },
      target: { kind: 'cos', region: 'ap-shanghai', prefix: 'photos/' },
      counts: { objects: 1_200, bytes: (1_199 * 1_200) / 2, withoutSize: 0 },
      excluded: [{ reason: 'FOLDER_MARKER', count: 1 }],
      existing: null,
      recommended: { route: 'cos-fetch' },
      probe: null,
    });
    expect(planned.routes.find(({ route }) => route === 'cos-fetch')?.seconds.from).toBe(120);
    expect(simulator.stats().signatureRefusals).toBe(0);
  });

  it('is probed: objects are read, and keys that the target has already are counted', async () => {
    for (const name of ['photos/1.jpg', 'photos/2.jpg', 'photos/elsewhere.jpg', '3.jpg']) {
      await putObject(simulator, `examplebucket-1250000000/${name}`, 'old');
    }
    const { code, plan: planned } = await plan('obs://media/photos/', COS, '--probe');
    expect(planned.probe?.objects).toHaveLength(5);
    expect(planned.probe?.objects.map(({ code: fault }) => fault)).toEqual(Array(5).fill(null));
    expect(planned).toMatchObject({ existing: 2, probe: { target: { keys: 2, code: null } } });
    expect(planned.notes[0]).toMatch(/^2 of the keys exist at the target already/);
    expect(code).toBe(0);
    expect(JSON.stringify(planned)).not.toContain('X-Amz');
  });

  it('to OBS goes by a task for its prefix, whose source OMS is asked about', async () => {
    simulator.huawei?.obs.put('backup', 'photos/7.jpg', 'old');
    const target = 'obs://cn-north-4/backup/photos/';
    const { code, plan: planned } = await plan('obs://media/photos/', target, '--probe');
    expect(code).toBe(0);
    expect(planned).toMatchObject({
      existing: 1,
      recommended: { route: 'oms-prefix' },
      probe: { oms: { code: null } },
    });
    expect(simulator.huawei?.stats().calls['v2 bucket region']).toBe(1);
  });

  it('in another region than its source says is told so by OMS', async () => {
    configure(simulator.huawei?.obsUrl ?? '', { region: 'cn-east-3' });
    const target = 'obs://cn-north-4/backup/photos/';
    const { code, plan: planned } = await plan('obs://media/photos/', target, '--probe');
    expect(code).toBe(1);
    expect(planned.probe?.oms).toMatchObject({
      code: 'REGION',
      message: expect.stringContaining('is in cn-north-4, not in cn-east-3'),
    });
  });

  it('is shown to a person: routes, what they need, and the one to take', async () => {
    const { out, code } = await runProgram(env, 'plan', 'obs://media/photos/', COS, '--probe');
    expect(code).toBe(0);
    expect(out).toContain('1,200');
    expect(out).toMatch(/^cos-fetch\n {2}state +available$/m);
    expect(out).toMatch(/^ {2}time +12 s to /m);
    expect(out).toMatch(/^oms-prefix +OMS writes to OBS only\.$/m);
    expect(out).toMatch(/^probe +5 of 5 probed objects can be read$/m);
    expect(out).toContain('Recommended: cos-fetch.');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe('a list', () => {
  async function startSite(rules: Partial<PrivateBucket>) {
    const keys = { accessKeyId, secretAccessKey };
    const bucket = { name: 'media', region: 'cn-north-4', keys, ...rules };
    const site = await startSourceSite({ files: 12, bucket: () => bucket, secure: true });
    onTestFinished(() => site.close());
    configure(site.url, { kind: 's3-compatible' });
    return file('keys.txt', site.files.map(({ path }) => path).join('\n'));
  }

  it('P07: of a source that refuses http is told so by the probe, with exit code 1', async () => {
    // The certificate of the simulated site is trusted by nobody.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const path = await startSite({ refusesHttp: true });
    const { code, plan: planned } = await plan(path, COS, '--probe', '--source', 's3://media');
    expect(code).toBe(1);
    expect(new Set(planned.probe?.objects.map(({ code: fault }) => fault))).toEqual(
      new Set(['SOURCE_HTTP']),
    );
    const { out } = await runProgram(env, 'plan', path, COS, '--probe', '--source', 's3://media');
    expect(out.replaceAll(/\s+/g, ' ')).toContain('SOURCE_HTTP: The source refuses http');
  });

  it('P05: of a bucket in a different region is told both regions', async () => {
    const path = await startSite({ region: 'us-west-2' });
    const { code, plan: planned } = await plan(path, COS, '--probe', '--source', 's3://media');
    expect(code).toBe(1);
    expect(planned.probe?.objects[0]).toMatchObject({
      code: 'REGION',
      message: expect.stringContaining('in us-west-2, not in cn-north-4'),
    });
    expect(planned.counts).toMatchObject({ objects: 12, withoutSize: 12 });
  });

  it('of URLs is planned too, https ones and a target that refuses us among them', async () => {
    const path = file('m.csv', 'url,key,size\nhttps://a.example/1,1,5\nhttp://127.0.0.1:9/2,2,6\n');
    env['TENCENTCLOUD_SECRET_KEY'] = 'other';
    const { code, plan: planned } = await plan(path, COS, '--probe');
    expect(code).toBe(1);
    expect(planned).toMatchObject({
      source: { kind: 'urls', access: 'urls' },
      counts: { objects: 2, bytes: 11, httpsOnly: 1 },
      existing: null,
      probe: { target: { keys: null, message: expect.stringContaining('SignatureDoesNotMatch') } },
    });
    expect(planned.probe?.objects[1]).toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  });

  it('of a source that is not configured is planned, and said to be unknown', async () => {
    const { plan: planned } = await plan(
      file('k.txt', 'a.jpg\nb.jpg\n'),
      COS,
      '--source',
      's3://x1',
    );
    expect(planned.source).toMatchObject({ kind: 's3', region: null });
    expect(planned.notes[0]).toContain('not in WAYBILL_SOURCES_FILE');
  });

  it('is priced with a file of the user', async () => {
    const mine = file('prices.json', { ...PRICES, asOf: '2027-01-01' });
    const list = file('m.csv', 'url,key,size\nhttp://a.example/1,1,5\n');
    expect((await plan(list, COS, '--prices', mine)).plan.pricesAsOf).toBe('2027-01-01');
    const wrong = file('p.json', '{}');
    const { code, out } = await runProgram(env, 'plan', list, COS, '--prices', wrong, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(out).error.message).toContain('p.json: asOf is missing');
  });
});

it.each<[readonly string[], RegExp]>([
  [['s3://media/'], /the target is missing/],
  [['s3://media/', COS, '--to', 'ap-shanghai/b-1250000000'], /the target is given twice/],
  [['s3://media/', 's3://media/'], /target: s3:\/\/media\/: expected cos:/],
  [
    ['s3://media/', 'cos://b-1250000000/p/'],
    /like a source.*such as cos:\/\/<region>\/b-1250000000\/p\//,
  ],
  [['s3://media/', COS, '--sizes', 'x'], /--sizes is not for the plan of a migration/],
  [['m.csv', '--to', 'ap-shanghai/b-1250000000', '--probe'], /--probe is not for the plan of a/],
  [['none.csv', COS], /none.csv: there is no such file/],
])('is refused: %j', async (given, message) => {
  expect((await runProgram(env, 'plan', ...given)).failure).toMatch(message);
});
