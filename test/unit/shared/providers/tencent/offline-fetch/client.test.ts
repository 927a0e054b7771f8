import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createSend } from '../../../../../../shared/lib/http.ts';
import {
  type CosFetchOptions,
  createCosFetchClient,
  taskError,
} from '../../../../../../shared/providers/tencent/offline-fetch/client.ts';
import { startPeer } from '../../../../../fixtures/http.ts';

const target = { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' };

async function setup(change: Partial<CosFetchOptions> = {}) {
  const peer = await startPeer();
  const client = createCosFetchClient({
    endpoint: peer.origin,
    onKeyExist: 'override',
    send: createSend(),
    sign: (request) => request,
    ...change,
  });
  return { client, peer };
}

const answer = (value: unknown, headers: Record<string, string> = {}) => ({
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
});
const fixture = (name: string) => ({
  body: readFileSync(
    new URL(`../../../../../fixtures/cos-fetch/${name}.json`, import.meta.url),
    'utf8',
  ),
});

describe('submit', () => {
  it('sends the fields of the page, with the key as it is and OnKeyExist always explicit', async () => {
    const { client, peer } = await setup({ onKeyExist: 'ignore' });
    peer.answer(fixture('accepted'));
    await client.submit(target, {
      url: 'http://origin.example/a%20b?x=1',
      key: 'a b/腾讯.mp4',
      md5: '0123456789abcdef0123456789abcdef',
      successCallbackUrl: 'http://w.example/callbacks/s',
      failureCallbackUrl: 'http://w.example/callbacks/f',
    });
    expect(JSON.parse(peer.arrived[0]?.body ?? '')).toEqual({
      Url: 'http://origin.example/a%20b?x=1',
      Key: 'a b/腾讯.mp4',
      MD5: '0123456789abcdef0123456789abcdef',
      SuccessCallbackUrl: 'http://w.example/callbacks/s',
      FailureCallbackUrl: 'http://w.example/callbacks/f',
      OnKeyExist: 'ignore',
    });
    expect(peer.arrived[0]?.headers['content-type']).toBe('application/json');
  });

  it('leaves out what is not given', async () => {
    const { client, peer } = await setup();
    peer.answer(fixture('accepted'));
    await client.submit(target, { url: 'http://o.example/', key: 'k' });
    expect(peer.arrived[0]?.body).toBe(
      '{"Url":"http://o.example/","Key":"k","OnKeyExist":"override"}',
    );
  });

  it('fills the region into the endpoint', async () => {
    const origins: string[] = [];
    const { client } = await setup({
      endpoint: 'http://{region}.migration.myqcloud.com',
      send: async ({ origin }) => {
        origins.push(origin);
        return { status: 200, headers: {}, body: '{"code":0,"data":{"taskid":"t"}}' };
      },
    });
    await client.submit(target, { url: 'http://o.example/', key: 'k' });
    expect(origins).toEqual(['http://ap-shanghai.migration.myqcloud.com']);
  });

  it.each([
    ['as the sample shows it', { code: 0, data: { taskid: 't1' } }],
    ['code as text', { code: '0', data: { taskid: 't1' } }],
    ['taskId with a capital', { code: 0, data: { taskId: 't1' } }],
    ['data as a list', { code: 0, data: [{ taskid: 't1' }] }],
  ])('takes an answer %s', async (_name, body) => {
    const { client, peer } = await setup();
    peer.answer(answer({ message: 'SUCCESS', request_id: 'r', ...body }));
    expect(await client.submit(target, { url: 'u', key: 'k' })).toEqual({
      taskId: 't1',
      requestId: 'r',
    });
  });

  it.each([
    ['no code', { data: { taskid: 't' } }],
    ['no data', { code: 0 }],
    ['an empty task id', { code: 0, data: { taskid: '' } }],
    ['a list', []],
    ['a word', 'ok'],
  ])('does not take %s for accepted, nor for refused', async (_name, body) => {
    const { client, peer } = await setup();
    peer.answer(answer(body, { 'x-cos-request-id': 'r9' }));
    await expect(client.submit(target, { url: 'u', key: 'k' })).rejects.toMatchObject({
      code: 'REPLY_INVALID',
      sent: 'unknown',
      requestId: 'r9',
    });
  });

  it.each([
    ['a number of its own', { code: -46628, message: 'bad' }, 'request'],
    ['a status as code', { code: 503, message: 'busy' }, 'throttled'],
    ['a forbidden as code', { code: '403', message: 'no' }, 'credentials'],
  ])('takes a 200 that carries %s for a refusal', async (_name, body, expected) => {
    const { client, peer } = await setup();
    peer.answer(answer({ request_id: 'r', ...body }));
    await expect(client.submit(target, { url: 'u', key: 'k' })).rejects.toMatchObject({
      code: 'PROVIDER_REFUSED',
      providerCode: String(body.code),
      class: expected,
      sent: 'no',
    });
  });

  it('reads a JSON error as the Go SDK does', async () => {
    const { client, peer } = await setup();
    peer.answer({ status: 400, body: '{"code":400,"message":"invalid url","request_id":"r7"}' });
    await expect(client.submit(target, { url: 'u', key: 'k' })).rejects.toMatchObject({
      providerCode: '400',
      requestId: 'r7',
      class: 'request',
      message: expect.stringContaining('invalid url'),
    });
  });
});

describe('progress', () => {
  it.each([
    ['a task at work', { percent: 40, status: 'TASK_DOING' }, { state: 'doing', percent: 40 }],
    ['percent as text', { percent: '40', status: 'TASK_DOING' }, { state: 'doing', percent: 40 }],
    [
      'a finished one, whatever its word',
      { percent: 100, status: 'TASK_DONE' },
      { state: 'succeeded' },
    ],
    [
      'an unknown word',
      { percent: 0, status: 'TASK_QUEUED' },
      { state: 'unknown', code: 'TASK_QUEUED' },
    ],
    ['no status at all', {}, { state: 'unknown', code: 'TASK_STATUS_MISSING' }],
    [
      'a failure inside a success',
      { percent: 0, status: 'TASK_FAILED', code: 'Forbidden', msg: 'not allowed' },
      { state: 'failed', code: 'Forbidden', message: 'not allowed' },
    ],
    ['a failure at 100 percent', { percent: 100, status: 'TASK_FAILED' }, { state: 'failed' }],
  ])('reads %s', async (_name, data, expected) => {
    const { client, peer } = await setup();
    peer.answer(answer({ code: 0, message: 'SUCCESS', request_id: 'r', data }));
    expect(await client.progress(target, 'id==')).toMatchObject(expected);
  });

  it.each([
    [
      'status 404 in JSON',
      { status: 404, body: '{"code":404,"message":"404 NotFound","request_id":"r"}' },
    ],
    ['status 404 without body', { status: 404 }],
    ['code 404 inside a 200', answer({ code: 404, message: '404 NotFound', request_id: 'r' })],
  ])('knows an absent task from %s', async (_name, reply) => {
    const { client, peer } = await setup();
    peer.answer(reply);
    expect(await client.progress(target, 'gone')).toMatchObject({ state: 'absent' });
  });

  it('lays the failure of a task to the source unless its code says otherwise', () => {
    const failed = { state: 'failed', message: 'm' } as const;
    expect(taskError({ ...failed, code: 'Forbidden' }).class).toBe('source');
    expect(taskError({ ...failed, code: 'SomethingNew' }).class).toBe('source');
    expect(taskError({ ...failed, code: 'InternalError' }).class).toBe('transient');
  });
});
