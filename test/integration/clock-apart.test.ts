/**
 * A provider whose clock is 20 minutes from ours (`test/fixtures/cases/clock-apart`): the simulators
 * refuse what is signed with another time than theirs, and every call goes through the limiter.
 */

import { describe, expect, it, onTestFinished } from 'vitest';
import { toCause } from '../../shared/lib/cause.ts';
import { createClock, type ProviderClock } from '../../shared/lib/clock.ts';
import type { WaybillError } from '../../shared/lib/errors.ts';
import { createSend } from '../../shared/lib/http.ts';
import { createLog } from '../../shared/lib/log.ts';
import { createBreaker } from '../../shared/limits/breaker.ts';
import { createLimiter } from '../../shared/limits/limiter.ts';
import { signWith } from '../../shared/providers/huawei/auth.ts';
import { createTokenSource } from '../../shared/providers/huawei/iam.ts';
import { createObsReader } from '../../shared/providers/huawei/obs.ts';
import { createOmsV1Client } from '../../shared/providers/huawei/oms/v1.ts';
import { createOmsV2Client } from '../../shared/providers/huawei/oms/v2.ts';
import { createCosBatchClient } from '../../shared/providers/tencent/batch/client.ts';
import { createCosObjectsClient, isBroughtBy } from '../../shared/providers/tencent/objects.ts';
import { createCosFetchClient } from '../../shared/providers/tencent/offline-fetch/client.ts';
import { createCosSigner } from '../../shared/signing/cos.ts';
import { createJsonApi, DYNAMODB } from '../../shared/stores/aws/json-api.ts';
import type { Objects } from '../../shared/stores/objects.ts';
import { DEFAULT_HUAWEI_KEY, DEFAULT_OMS_KEYS } from '../../simulator/huawei/simulator.ts';
import { ACCOUNT, DEFAULT_KEYS, startSimulator } from '../../simulator/main.ts';
import { plainCalls } from '../fixtures/calls.ts';
import { readCase } from '../fixtures/cases.ts';
import { startPeer } from '../fixtures/http.ts';
import { putObject } from '../fixtures/providers.ts';
import { refusal, type S3Reply, startS3Peer } from '../fixtures/s3-peer.ts';

interface Case {
  readonly clockOfTheProviderMinusOurs: readonly string[];
  readonly answers: readonly {
    readonly status: number;
    readonly code: string;
    readonly message?: string;
  }[];
  readonly request: {
    readonly region: string;
    readonly bucket: string;
    readonly objects: readonly { readonly url: string; readonly key: string }[];
  };
}

const input = JSON.parse(readCase('clock-apart/input.json')) as Case;
const target = { region: input.request.region, bucket: input.request.bucket };
const [object = { url: '', key: '' }] = input.request.objects;
const MINUTE = 60_000;
const offsets = input.clockOfTheProviderMinusOurs.map((text) => Number.parseInt(text, 10) * MINUTE);
const place = { region: 'cn-north-4', projectId: '0123456789abcdef0123456789abcdef' };

/** What the clock said of itself. */
const logged = () => {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  return { lines, log };
};

const limited = () => {
  const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 4, retry: { maxSends: 1 } });
  const breaker = createBreaker();
  return { breaker, run: plainCalls(limiter, breaker).run };
};

type Sim = Awaited<ReturnType<typeof startSimulator>>;

const sign = createCosSigner({ credentials: DEFAULT_KEYS });

/** Every signed call, each on a client that knows nothing of the clock yet. */
const CALLS: Readonly<Record<string, (sim: Sim, clock: ProviderClock) => () => Promise<unknown>>> =
  {
    'creates a fetch': (sim, clock) => () => fetchOf(sim, clock).submit(target, object),
    'asks for a fetch': (sim, clock) => () => fetchOf(sim, clock).progress(target, 'none'),
    'looks at an object': (sim, clock) => () => objectsOf(sim, clock).head(target, object.key),
    'lists objects': (sim, clock) => () => objectsOf(sim, clock).list(target, ''),
    'reads an object': (sim, clock) => () => objectsOf(sim, clock).read(target, object.key),
    'asks for a Batch job': (sim, clock) => () =>
      batchOf(sim, clock).describeJob(target.region, 'j'),
    'lists Batch jobs': (sim, clock) => () => batchOf(sim, clock).listJobs(target.region),
    'reads a v1 task': (sim, clock) => () => createOmsV1Client(omsOf(sim, clock)).showTask('16'),
    'reads a v2 task': (sim, clock) => () => createOmsV2Client(omsOf(sim, clock)).showTask('4042'),
    'reads a list of failed objects': (sim, clock) => () =>
      createObsReader({ endpoint: `${sim.huawei?.obsUrl}/{bucket}`, clock }).read(
        { region: place.region, bucket: 'lists', key: 'l' },
        { dstAk: DEFAULT_OMS_KEYS.destination.ak, dstSk: DEFAULT_OMS_KEYS.destination.sk },
      ),
  };

const fetchOf = (sim: Sim, clock: ProviderClock) =>
  createCosFetchClient({
    endpoint: sim.migrationUrl,
    onKeyExist: 'override',
    send: createSend(),
    sign,
    clock,
  });
const objectsAt = (origin: string, clock?: ProviderClock) =>
  createCosObjectsClient({ endpoint: origin, send: createSend(), sign, ...(clock && { clock }) });
const objectsOf = (sim: Sim, clock: ProviderClock) =>
  objectsAt(`${sim.objectsUrl}/{bucket}`, clock);
const batchOf = (sim: Sim, clock: ProviderClock) =>
  createCosBatchClient({ endpoint: sim.batchUrl, ...ACCOUNT, send: createSend(), sign, clock });
const omsOf = (sim: Sim, clock: ProviderClock) => ({
  ...place,
  endpoint: `${sim.huawei?.omsUrl}/{region}`,
  authenticator: signWith({ secretId: DEFAULT_HUAWEI_KEY.ak, secretKey: DEFAULT_HUAWEI_KEY.sk }),
  send: createSend(),
  clock,
});

/** Simulators with an object in each store, whose clock then goes wrong. */
async function setup(offset = 0, huawei: { readonly tokenSeconds?: number } = {}) {
  const shift = { ms: 0 };
  const sim = await startSimulator({
    huawei: { runMs: 50, ...huawei },
    samples: true,
    downloads: false,
    now: () => new Date(Date.now() + shift.ms),
  });
  onTestFinished(() => sim.close());
  await putObject(sim, `${target.bucket}/${object.key}`, 'text');
  sim.huawei?.obs.put('lists', 'l', 'text');
  shift.ms = offset;
  return { shift, sim };
}

describe.each(offsets)('of a provider whose clock is %d ms from ours, Waybill', (offset) => {
  it.each(Object.keys(CALLS))(
    '%s with the time of the refusal, and later calls at once',
    async (name) => {
      const { sim } = await setup(offset);
      const { lines, log } = logged();
      const call = CALLS[name]?.(sim, createClock({ provider: 'the simulator', log }));
      const { breaker, run } = limited();
      for (let times = 0; times < 3; times += 1) await run(() => call?.() ?? Promise.reject());
      expect(breaker.isRefused()).toBe(false);
      expect(breaker.isProven()).toBe(true);
      const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(events).toMatchObject([{ event: 'clock.apart', provider: 'the simulator' }]);
      expect(Math.abs(Number(events[0]?.['behindSeconds']) - offset / 1_000)).toBeLessThan(3);
    },
  );

  it('fails no call of those that are under way when the clocks part', async () => {
    const { shift, sim } = await setup();
    const fetches = fetchOf(sim, createClock());
    const { breaker, run } = limited();
    const submit = (key: string) => run(() => fetches.submit(target, { ...object, key }));
    await submit('first');
    shift.ms = offset;
    await Promise.all(Array.from({ length: 20 }, (_, n) => submit(`k${n}`)));
    expect(sim.stats()).toMatchObject({ submissions: 21 });
    expect(sim.stats().signatureRefusals).toBeLessThanOrEqual(4);
    expect(breaker.isRefused()).toBe(false);
  });

  it('keeps a token for as long as it lives there', async () => {
    const { sim } = await setup(offset, { tokenSeconds: 900 });
    const env = sim.huawei?.env() ?? {};
    const user = {
      name: env['HUAWEICLOUD_IAM_USERNAME'] ?? '',
      password: env['HUAWEICLOUD_IAM_PASSWORD'] ?? '',
      domain: env['HUAWEICLOUD_IAM_DOMAIN'] ?? '',
    };
    const at = { ms: Date.now() };
    const source = createTokenSource({
      endpoint: sim.huawei?.iamUrl ?? '',
      user,
      send: createSend(),
      now: () => new Date(at.ms),
    });
    const token = () => source.token(place.region, place.projectId);
    const first = await token();
    at.ms += 4 * MINUTE;
    expect(await token()).toBe(first);
    // Ten minutes before its end.
    at.ms += 2 * MINUTE;
    expect(await token()).not.toBe(first);
  });

  it('G2: tells by our clock when an object was written', async () => {
    const { shift, sim } = await setup(offset - 10 * MINUTE);
    await putObject(sim, `${target.bucket}/written`, 'text', shift.ms);
    shift.ms = offset;
    const objects = objectsOf(sim, createClock());
    const found = await limited().run(() => objects.head(target, 'written'));
    const isBroughtSince = (minutes: number) =>
      found && isBroughtBy(found, undefined, new Date(Date.now() - minutes * MINUTE));
    expect([isBroughtSince(15), isBroughtSince(5)]).toEqual([true, false]);
  });
});

describe.each(input.answers)('$status $code', ({ status, code, message = 'told' }) => {
  const body = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;

  it.each(offsets)(
    'is answered once by signing anew, then told as a fault of the clock',
    async (offset) => {
      const peer = await startPeer();
      peer.answer({ status, body, headers: { date: new Date(Date.now() + offset).toUTCString() } });
      const client = createCosFetchClient({
        endpoint: peer.origin,
        onKeyExist: 'override',
        send: createSend(),
        sign,
      });
      const { breaker, run } = limited();
      for (let times = 1; times <= 3; times += 1) {
        const error = await run(() => client.submit(target, object)).catch((thrown) => thrown);
        expect((error as WaybillError).sent).toBe('no');
        expect(toCause(error)).toMatchObject({
          provider: 'waybill',
          code: 'CLOCK_APART',
          class: 'transient',
          message: expect.stringMatching(
            `^The clock here is 20 min ${offset > 0 ? 'behind' : 'ahead of'} that .*${status} ${code}`,
          ),
        });
        // The first call alone knows nothing of the clock.
        expect(peer.arrived).toHaveLength(1 + times);
      }
      expect(breaker.isRefused()).toBe(false);
      const times = peer.arrived.map(({ headers }) =>
        Number(/q-sign-time=(\d+)/.exec(headers.authorization ?? '')?.[1]),
      );
      expect(Math.abs((times[1] as number) - (times[0] as number) - offset / 1_000)).toBeLessThan(
        3,
      );
    },
  );

  it('of a clock that agrees is sent once, and no clock is said to be wrong', async () => {
    const peer = await startPeer();
    peer.answer({ status, body });
    const client = createCosFetchClient({
      endpoint: peer.origin,
      onKeyExist: 'override',
      send: createSend(),
      sign,
    });
    const error = await limited()
      .run(() => client.submit(target, object))
      .catch((thrown) => thrown);
    expect(toCause(error)).toMatchObject({
      code: 'CLOCK_APART',
      message: expect.stringContaining('no clock is known to be wrong'),
    });
    expect(peer.arrived).toHaveLength(1);
  });
});

it('sends no third time where two servers of a provider have clocks of their own', async () => {
  const [{ status, code } = { status: 403, code: '' }] = input.answers;
  const peer = await startPeer();
  peer.answer(
    ...[...offsets, ...offsets].map((offset) => ({
      status,
      body: `<Error><Code>${code}</Code><Message>Request has expired</Message></Error>`,
      headers: { date: new Date(Date.now() + offset).toUTCString() },
    })),
  );
  const client = objectsAt(peer.origin);
  const error = await limited()
    .run(() => client.head(target, object.key))
    .catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'CLOCK_APART' });
  expect(peer.arrived).toHaveLength(2);
});

it('takes a HEAD that is refused by a clock that agrees for a fault of the key', async () => {
  const peer = await startPeer();
  peer.answer({ status: 403 });
  const error = await limited()
    .run(() => objectsAt(peer.origin).head(target, object.key))
    .catch((thrown) => thrown);
  expect(error).toMatchObject({ providerCode: 'HTTP_403', class: 'credentials' });
});

describe.each(offsets)('a store whose clock is %d ms from ours', (offset) => {
  const date = () => ({ date: new Date(Date.now() + offset).toUTCString() });
  /** When a request was signed, in milliseconds from now. */
  const signedIn = (text: unknown) =>
    Date.parse(String(text).replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z')) -
    Date.now();
  const expectAnew = (headers: readonly Readonly<Record<string, unknown>>[]) => {
    const found = headers.map((each) => Math.round(signedIn(each['x-amz-date']) / MINUTE) + 0);
    expect(found).toEqual([0, offset / MINUTE, offset / MINUTE]);
  };

  it.each([
    ['GET', async (objects: Objects) => Array.fromAsync(objects.read('a'))],
    ['HEAD', async (objects: Objects) => objects.head('a')],
  ])('gets a %s once more, and later ones at once', async (method, ask) => {
    let sends = 0;
    const peer = await startS3Peer(() => {
      sends += 1;
      const body = method === 'HEAD' ? {} : { body: refusal(403, 'RequestTimeTooSkewed').body };
      if (sends === 1) return { status: 403, headers: date(), ...body } as S3Reply;
      const length = method === 'HEAD' ? { 'content-length': '0' } : {};
      return { headers: { ...date(), ...length, etag: '"e"', 'last-modified': date().date } };
    });
    await ask(peer.objects);
    await ask(peer.objects);
    expectAnew(peer.arrived.map(({ headers }) => headers));
    expect(peer.waits).toEqual([]);
  });

  it('that refuses the time again is told by its clock', async () => {
    const peer = await startS3Peer(() => ({
      ...refusal(403, 'RequestTimeTooSkewed'),
      headers: date(),
    }));
    await expect(Array.fromAsync(peer.objects.read('a'))).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining(`20 min ${offset > 0 ? 'behind' : 'ahead of'}`),
    });
    expect(peer.arrived).toHaveLength(2);
  });

  it.each(['Signature expired: then is now earlier than now', 'Signature not yet current: later'])(
    'gets a call in JSON once more after "%s"',
    async (message) => {
      const peer = await startPeer();
      peer.answer(
        {
          status: 400,
          headers: date(),
          body: JSON.stringify({ __type: 'InvalidSignatureException', message }),
        },
        { body: '{}', headers: date() },
      );
      const call = createJsonApi({
        service: DYNAMODB,
        config: {
          keys: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'canary-secret' },
          region: 'ap-southeast-1',
          endpoint: peer.origin,
        },
      });
      await call('ListTables', {});
      await call('ListTables', {});
      expectAnew(peer.arrived.map(({ headers }) => headers));
    },
  );
});
