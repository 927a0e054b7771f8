import { describe, expect, it } from 'vitest';
import { createEvents, type EventsOptions } from '../../../local/events.ts';
import { createLog } from '../../../shared/lib/log.ts';
import type { Deployment } from '../../../shared/runtime/deployment.ts';
import { silentLog } from '../../fixtures/log.ts';

const deployment = (change: Partial<Deployment>): Deployment => ({
  description: 'A function.',
  timeoutSeconds: 60,
  memoryMb: 128,
  environment: [],
  uses: {},
  ...change,
});

const TOPIC = 'urn:smn:cn-north-4:0123456789abcdef0123456789abcdef:tasks';

function setup(change: Partial<EventsOptions> = {}) {
  const calls: (readonly [name: string, event: unknown])[] = [];
  const fn = (name: string, about: Partial<Deployment>, fail = false) => ({
    handler: async (event: unknown) => {
      calls.push([name, event]);
      if (fail) throw new Error('canary of a failure');
    },
    deployment: deployment(about),
  });
  const invoke = createEvents({
    functions: [
      fn('broken', { uploads: ['cos-fetch/broken/'], schedules: [hourly('broken')] }, true),
      fn('plan', { uploads: ['cos-fetch/'], provider: 'tencent' }),
      fn('tasks', { uploads: ['oms/'], provider: 'huawei', schedules: [hourly('creations')] }),
      fn('lists', { provider: 'tencent', schedules: [hourly('lists')] }),
      fn('night', { schedules: [{ ...hourly('go-on'), detail: { continue: true } }] }),
    ],
    sweep: async (event) => void calls.push(['sweep', event]),
    isUsed: (provider) => provider !== 'huawei',
    topics: [TOPIC],
    drain: async () => void calls.push(['drain', undefined]),
    ask: async ({ path }) => ({ statusCode: 404, body: path }),
    rest: async () => void calls.push(['rest', undefined]),
    eventMs: 60_000,
    log: silentLog,
    ...change,
  });
  const post = async (event: unknown) => {
    const answer = await invoke({ body: JSON.stringify(event) });
    return answer as { statusCode: number; body: string };
  };
  return { calls, invoke, post, names: () => calls.map(([name]) => name) };
}

const hourly = (name: string) => ({ name, expression: 'rate(1 hour)' });
const timer = (Message: string) => ({ Type: 'Timer', Time: '2026-11-20T02:00:00Z', Message });
const upload = (...keys: string[]) => ({
  Records: keys.map((key) => ({
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: 'inbox' }, object: { key } },
  })),
});

describe('an event of SCF or FunctionGraph', () => {
  it('calls the functions of an upload as on AWS, then works on the queue, and rests', async () => {
    const { calls, names, post } = setup();
    const { statusCode, body } = await post(upload('cos-fetch/a/ä+b.csv'));
    expect([statusCode, JSON.parse(body)]).toMatchObject([200, { statusCode: 200, headers: {} }]);
    expect(names()).toEqual(['plan', 'plan', 'drain', 'rest']);
    expect(calls[0]?.[1]).toMatchObject({
      Records: [{ s3: { bucket: { name: 'inbox' }, object: { key: 'cos-fetch/a/%C3%A4+b.csv' } } }],
    });
  });

  it('logs a failure with the id that the platform gave the call', async () => {
    const lines: string[] = [];
    const log = createLog({ level: 'info', write: (line) => lines.push(line) });
    const { invoke } = setup({ log });
    await invoke({ headers: { 'x-cff-request-id': '11cdcdcf' }, body: '{}' });
    const [line = '{}'] = lines;
    expect(JSON.parse(line)).toMatchObject({ event: 'event.failed', requestId: '11cdcdcf' });
  });

  it('does nothing for an upload that starts no function, or one of a provider without keys', async () => {
    const { names, post } = setup();
    expect((await post(upload('reports/x.csv', 'oms/cn-north-4/t.json'))).statusCode).toBe(200);
    expect(names()).toEqual(['rest']);
  });

  it('G9: calls the other functions when one fails, and answers 500 so that the event comes again', async () => {
    const { names, post } = setup();
    const { statusCode, body } = await post(upload('cos-fetch/broken/a.csv', 'cos-fetch/a.csv'));
    expect(statusCode).toBe(500);
    expect(body).not.toContain('canary');
    expect(names()).toEqual(['broken', 'plan', 'plan', 'rest']);
  });

  it('starts the schedules that a timer names, with its time and their details', async () => {
    const { calls, names, post } = setup();
    expect((await post(timer('queue, lists go-on'))).statusCode).toBe(200);
    expect(names()).toEqual(['drain', 'lists', 'night', 'rest']);
    expect(calls[2]?.[1]).toMatchObject({
      'detail-type': 'Scheduled Event',
      time: '2026-11-20T02:00:00.000Z',
      detail: { continue: true },
    });
  });

  it('leaves out schedules of Huawei where it has no keys', async () => {
    const { names, post } = setup();
    expect((await post(timer('creations,lists'))).statusCode).toBe(200);
    expect(names()).toEqual(['lists', 'rest']);
  });

  it.each(['', 'nonsense', 'lists,nonsense'])('refuses a timer that names %o', async (names) => {
    const { names: called, post } = setup();
    const { statusCode, body } = await post(timer(names));
    expect([statusCode, JSON.parse(body)]).toMatchObject([
      400,
      { errors: [{ message: expect.stringContaining('queue, broken, creations, lists, go-on') }] },
    ]);
    expect(called()).toEqual(['rest']);
  });

  it('has the sweep poll all tasks at a message of a configured topic, and of no other', async () => {
    const { calls, names, post } = setup();
    const message = (topic_urn: string) => ({ record: [{ smn: { topic_urn } }] });
    expect((await post(message(`${TOPIC}-of-others`))).statusCode).toBe(403);
    expect((await post(message(TOPIC))).statusCode).toBe(200);
    expect(names()).toEqual(['rest', 'sweep', 'rest']);
    expect(calls[1]?.[1]).toMatchObject({ detail: { all: true } });
  });

  it('answers a request of a gateway with its own status', async () => {
    const { post } = setup();
    const { statusCode, body } = await post({ httpMethod: 'GET', path: '/a', body: null });
    expect([statusCode, JSON.parse(body)]).toEqual([
      200,
      { isBase64Encoded: false, statusCode: 404, headers: {}, body: '/a' },
    ]);
  });

  it('refuses what is no JSON, without quoting it', async () => {
    const { post } = setup({ ask: async () => ({ statusCode: 200 }) });
    expect((await post({ secret: 'canary' })).body).not.toContain('canary');
    expect((await post(undefined)).statusCode).toBe(400);
  });
});
