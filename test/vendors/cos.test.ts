/** COS objects and offline fetch, as the vendor's clients for Node, Python and Go use them. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCOUNT, DEFAULT_KEYS, type Simulator, startSimulator } from '../../simulator/main.ts';
import { askThrough, type Client, runClient } from './programs.ts';

const CONTENT = 'from the vendor';
const KEY = 'a b+c (1)/é~!*.txt';
const ETAG = `"${createHash('md5').update(CONTENT).digest('hex')}"`;

interface Results {
  readonly [step: string]: unknown;
  readonly presigned: string;
  readonly presignedMerged?: string;
  readonly presignedPut: string;
}

const CLIENTS = ['cos-nodejs-sdk-v5', 'cos-python-sdk-v5', 'cos-go-sdk-v5'] as const;
const simulators = new Map<Client, Simulator>();
const outcomes = new Map<Client, Results>();

beforeAll(async () => {
  const run = async (client: Client) => {
    const simulator = await startSimulator({ batchStepMs: 0 });
    simulators.set(client, simulator);
    const { objectsUrl, migrationUrl, batchUrl, controlUrl } = simulator;
    const results = await runClient<Results>(client, {
      ...DEFAULT_KEYS,
      ...{ objectsUrl, migrationUrl, batchUrl },
      stepUrl: `${controlUrl}/_simulator/batch-step`,
      sourceUrl: `${controlUrl}/_simulator/stats`,
      uin: ACCOUNT.uin,
      appId: Number(ACCOUNT.appId),
      bucket: `examplebucket-${ACCOUNT.appId}`,
      region: 'ap-chengdu',
      key: KEY,
      content: CONTENT,
    });
    outcomes.set(client, results);
  };
  await Promise.all(CLIENTS.map(run));
});
afterAll(() => Promise.all([...simulators.values()].map((simulator) => simulator.close())));

const outcomeOf = (client: Client): Results => outcomes.get(client) as Results;

describe.each(CLIENTS)('%s', (client) => {
  it('writes and reads an object, whole and in part', () => {
    const results = outcomeOf(client);
    expect(results).toMatchObject({
      put: { etag: ETAG },
      head: { length: '15', type: 'text/plain', meta: 'vendor', crc64: expect.any(String) },
      get: CONTENT,
      part: 'ro',
    });
  });

  it('reads under conditions', () => {
    const results = outcomeOf(client);
    expect(results['ifMatch']).toEqual([412, 'PreconditionFailed']);
    expect(results['ifNoneMatch']).toMatchObject([304, expect.anything()]);
  });

  it('finds the bucket', () => {
    const results = outcomeOf(client);
    expect(results['headBucket']).toBe(200);
  });

  it('lists keys and folders, in pages, and by a prefix with a blank', () => {
    const results = outcomeOf(client);
    const whole = { keys: ['list/a', 'list/c'], folders: ['list/b/'], next: '' };
    expect(results['list']).toMatchObject(whole);
    expect(results['first']).toMatchObject({ ...whole, keys: ['list/a'], next: 'list/b/' });
    expect(results['second']).toMatchObject({ ...whole, keys: ['list/c'], folders: [] });
    expect(results['blank']).toMatchObject({ keys: [expect.any(String)], encoding: 'url' });
  });

  it('makes presigned addresses that read and write', async () => {
    const results = outcomeOf(client);
    const { objectsUrl = '' } = simulators.get(client) ?? {};
    for (const address of [results.presigned, results.presignedMerged ?? results.presigned]) {
      const read = { status: 200, type: 'text/x', text: CONTENT };
      expect(await askThrough(objectsUrl, address)).toEqual(read);
    }
    expect(await askThrough(objectsUrl, results.presignedPut, 'PUT', 'new')).toMatchObject({
      status: 200,
    });
    expect(await askThrough(objectsUrl, results.presignedPut, 'DELETE')).toMatchObject({
      status: 403,
      text: expect.stringContaining('SignatureDoesNotMatch'),
    });
  });

  it('deletes, and misses what is not there', () => {
    const results = outcomeOf(client);
    expect(results['delete']).toBe(204);
    for (const step of ['missing', 'afterDelete']) {
      expect(results[step]).toMatchObject([404, expect.anything()]);
    }
  });

  it('is refused with a wrong key', () => {
    const results = outcomeOf(client);
    expect(results['wrongKey']).toEqual([403, 'SignatureDoesNotMatch']);
  });

  it('is told what is not simulated, and nothing is stored', () => {
    const results = outcomeOf(client);
    expect(results['copy']).toEqual([501, 'NotImplemented']);
    expect(results['tagging']).toEqual([501, 'NotImplemented']);
    expect(results['afterTagging']).toBe(CONTENT);
  });
});

// The client for Node has no fetch.
describe.each(['cos-python-sdk-v5', 'cos-go-sdk-v5'] as const)('%s', (client) => {
  it('fetches, and asks for the progress', () => {
    expect(outcomeOf(client)['fetch']).toEqual({
      created: 0,
      progress: [0, expect.stringMatching(/^TASK_(DOING|SUCCESS)$/)],
      unknown: 404,
    });
  });
});

// The only client with Batch.
describe('cos-go-sdk-v5', () => {
  it('creates Batch jobs, once per token', () => {
    expect(outcomeOf('cos-go-sdk-v5')).toMatchObject({
      described: ['a job of <the client>', 10, 1],
      runs: ['Complete', 'Complete'],
      copied: CONTENT,
      createAgain: [400, 'InvalidRequest'],
    });
  });

  it('confirms, orders, cancels and lists Batch jobs', () => {
    expect(outcomeOf('cos-go-sdk-v5')).toMatchObject({
      waits: 'Suspended',
      confirmed: ['Ready', 'seen and good'],
      priority: 3,
      cancelled: ['Cancelling', 'Cancelled'],
      jobs: [2, 2, 1],
      noJob: [404, 'NoSuchJob'],
      deleteJob: [501, 'NotImplemented'],
    });
  });
});
