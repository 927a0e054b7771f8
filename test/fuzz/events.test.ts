/** Events as no platform sends them: a function names what is wrong, takes the good ones beside, and breaks nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as cosOfflineFetch from '../../functions/cos-offline-fetch.ts';
import { createEvents } from '../../local/events.ts';
import { FUNCTIONS } from '../../local/functions.ts';
import { WaybillError } from '../../shared/lib/errors.ts';
import { createLog } from '../../shared/lib/log.ts';
import { isRecord, parseRecord } from '../../shared/lib/values.ts';
import { createSmnVerifier } from '../../shared/providers/huawei/smn.ts';
import { parseQueueRecords, parseSchedule, parseUploads } from '../../shared/runtime/events.ts';
import { selfSigned } from '../../simulator/huawei/certificate.ts';
import { type Simulator, startSimulator } from '../../simulator/main.ts';
import {
  corpusCases,
  expectNamed,
  fuzz,
  oddDocuments,
  outcomeOf,
  readCorpus,
} from '../fixtures/fuzz.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const FOLDER = new URL('../../events/', import.meta.url);

const sample = (path: string): unknown => JSON.parse(readFileSync(new URL(path, FOLDER), 'utf8'));

const samplesIn = (folder: string): readonly unknown[] =>
  readdirSync(new URL(folder, FOLDER))
    .filter((name) => name.endsWith('.json'))
    .map((name) => sample(folder + name));

const corpus = () => [...readCorpus('events').values()].map((bytes) => JSON.parse(String(bytes)));

const withBody = (event: unknown, body: unknown) => ({
  ...(event as object),
  body: JSON.stringify(body),
});

/** Events with odd parts, and requests and messages with odd bodies. */
function oddEvents(events: readonly unknown[]): fc.Arbitrary<unknown> {
  const bodies = events.flatMap((event) => {
    const body = isRecord(event) ? parseRecord(String(event['body'])) : undefined;
    return body ? [oddDocuments([body]).map((odd) => withBody(event, odd))] : [];
  });
  return fc.oneof(oddDocuments(events), ...bodies);
}

describe('events of SCF and FunctionGraph', () => {
  const TOPIC = 'urn:smn:cn-north-4:0123456789abcdef0123456789abcdef:oms-tasks';
  const lines: string[] = [];
  const invoke = createEvents({
    functions: FUNCTIONS.map(({ deployment }) => ({ deployment, handler: async () => ({}) })),
    sweep: async () => ({}),
    isUsed: () => true,
    topics: [TOPIC],
    drain: async () => {},
    ask: async () => ({ statusCode: 200 }),
    rest: async () => {},
    eventMs: 60_000,
    log: createLog({ level: 'debug', write: (line) => lines.push(line) }),
  });
  const post = async (event: unknown) =>
    (await invoke({ body: typeof event === 'string' ? event : JSON.stringify(event) })) as {
      statusCode: number;
      body: string;
    };

  it.each(corpusCases<{ readonly status: number; readonly says?: string }>('events'))(
    '%s',
    async (_name, bytes, { status, says = '' }) => {
      const { statusCode, body } = await post(bytes.toString('utf8'));
      expect([statusCode, body]).toEqual([status, expect.stringContaining(says)]);
    },
  );

  it('G9: are taken, or refused with one short error, and nothing of them is logged', async () => {
    const events = [...samplesIn('scf/'), ...samplesIn('functiongraph/'), ...corpus()];
    const input = fc.oneof(
      { weight: 5, arbitrary: oddDocuments(events) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    );
    await fuzz(input, 150, async (event) => {
      lines.length = 0;
      const { body, statusCode } = await post(event);
      expect(statusCode, body).toBeLessThan(500);
      expect(body.length).toBeLessThan(4_096);
      expect(lines.join('')).not.toMatch(/the-uploaders-signature|the-token-of-an-operator/);
    });
  });
});

describe('functions', () => {
  let simulator: Simulator;
  const before = { ...process.env };
  beforeAll(async () => {
    simulator = await startSimulator({ huawei: { runMs: 50 }, samples: true });
    Object.assign(process.env, simulator.env(), {
      LOG_LEVEL: 'error',
      WAYBILL_API_TOKENS: 'an-example-token',
      WAYBILL_CALLBACK_KEYS: 'k1:0123456789abcdef',
      WAYBILL_PUBLIC_URL: 'https://waybill.example',
    });
  });
  afterAll(async () => {
    await simulator.close();
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, before);
  });

  const NAMES: Readonly<Record<string, readonly string[]>> = {
    'advance-migration': ['advance-migration.json', 'sweep.json'],
    'audit-arrival': ['audit-arrival.json'],
    'cos-batch-job': ['cos-batch-job.json', 'cos-batch-job-upload.json'],
    'list-source': ['list-source.json', 'list-source-upload.json'],
    'oms-v1-start-task': ['oms-v1-start-task.json', 'oms-v1-start-task-upload.json'],
    'oms-v2-create-task': ['oms-v2-create-task.json', 'oms-v2-create-task-upload.json'],
    'oms-v2-start-task': ['oms-v2-start-task.json', 'oms-v2-start-task-upload.json'],
    'plan-manifest': ['plan-manifest.json', 'plan-manifest-eventbridge.json'],
    'record-callback': ['record-callback.json', 'record-callback-url.json'],
    'retry-failed-objects': ['retry-failed-objects.json'],
    runs: ['runs.json', 'fetches.json'],
    sweep: ['sweep.json'],
    'cos-offline-fetch': ['cos-offline-fetch.json'],
  };
  const order = [...FUNCTIONS, cosOfflineFetch];

  it.each(['cos-batch-job', 'oms-v2-create-task', 'runs'])(
    '%s answers 404 to a request that names no route of it',
    async (name) => {
      process.env['WAYBILL_DATA'] ??= temporaryFolder();
      const event = { ...(sample('runs.json') as object), routeKey: 'GET /constructor' };
      const found = order[Object.keys(NAMES).indexOf(name)];
      expect(await found?.handler(event)).toMatchObject({ statusCode: 404 });
    },
  );

  it.each(Object.entries(NAMES))(
    'G9: %s answers any event, or throws one named error',
    async (name, files) => {
      process.env['WAYBILL_DATA'] ??= temporaryFolder();
      const found = order[Object.keys(NAMES).indexOf(name)];
      const events = files.map(sample);
      const runs = /retry|sweep/.test(name) ? 10 : 25;
      await fuzz(oddEvents(events), runs, async (event) => {
        const answer = await outcomeOf(async () => found?.handler(structuredClone(event)));
        if (answer instanceof WaybillError || !isRecord(answer) || !('statusCode' in answer))
          return;
        const { body, statusCode } = answer as { body?: string; statusCode: number };
        expect([200, 201, 202, 204, 400, 401, 403, 404, 409, 413, 415, 422, 502], body).toContain(
          statusCode,
        );
        if (statusCode === 502)
          expect(JSON.parse(body ?? '')).toMatchObject({ code: 'PROVIDER_REFUSED' });
        expect(body?.length ?? 0).toBeLessThan(100_000);
      });
    },
  );
});

it('G9: uploads, messages and schedules are read, or one error names the field', async () => {
  const files = [
    'plan-manifest.json',
    'plan-manifest-eventbridge.json',
    'cos-offline-fetch.json',
    'sweep.json',
  ];
  await fuzz(oddDocuments(files.map(sample)), 300, async (event) => {
    const uploads = await outcomeOf(async () => parseUploads(event));
    if (!(uploads instanceof WaybillError)) for (const fault of uploads.faults) expectNamed(fault);
    await outcomeOf(async () => parseQueueRecords(event));
    const schedule = await outcomeOf(async () => parseSchedule(event));
    if (!(schedule instanceof WaybillError)) schedule.time?.toISOString();
  });
});

it('G5: no message but one that SMN signed is taken', async () => {
  const TOPIC = 'urn:smn:cn-north-4:0123456789abcdef0123456789abcdef:done';
  const [from, to] = [new Date('2026-01-01T00:00:00Z'), new Date('2027-01-01T00:00:00Z')];
  const certificate = await selfSigned('smn.myhuaweicloud.com', from, to);
  const asked: string[] = [];
  const { accept } = createSmnVerifier({
    topics: [TOPIC],
    endpoint: 'https://smn.{region}.myhuaweicloud.com',
    now: () => new Date('2026-11-20T02:00:00Z'),
    send: async ({ origin }) => {
      asked.push(origin);
      return { status: 200, headers: {}, body: certificate.pem };
    },
  });
  const message = {
    type: 'Notification',
    topic_urn: TOPIC,
    message_id: 'm1',
    message: 'hello',
    timestamp: '2026-11-20T02:00:00Z',
    signature: 'c2ln',
    signature_version: 'v1',
    signing_cert_url:
      'https://smn.cn-north-4.myhuaweicloud.com/smn/SMN_cn-north-4_0123456789abcdef0123456789abcdef.pem',
  };
  const messages = [
    message,
    {
      ...message,
      type: 'SubscriptionConfirmation',
      subscribe_url: 'https://console.huaweicloud.com/smn/subscription/confirm?token=1',
    },
  ];
  await fuzz(oddDocuments(messages), 200, async (body) => {
    const taken = await outcomeOf(() => accept(JSON.stringify(body)));
    expect(taken instanceof WaybillError || taken === undefined).toBe(true);
    expect(asked.every((origin) => origin === 'https://smn.cn-north-4.myhuaweicloud.com')).toBe(
      true,
    );
  });
});
