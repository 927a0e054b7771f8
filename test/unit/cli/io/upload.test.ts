/** Where a manifest is sent, with what, and what is never sent along. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createClient } from '../../../../cli/io/client.ts';
import { EXIT } from '../../../../cli/io/failure.ts';
import { startPeer } from '../../../fixtures/http.ts';
import { temporaryFolder } from '../../../fixtures/stores.ts';

const key = 'cos-fetch/ap-shanghai/b-1/a b%/größe?#.csv';
const bytes = `url,key\n${'http://a.example/1,größe\n'.repeat(20_000)}`;

async function setup() {
  const [peer, store] = await Promise.all([startPeer(), startPeer()]);
  const path = join(temporaryFolder(), 'm.csv');
  writeFileSync(path, bytes);
  const client = createClient({ url: peer.origin, env: { WAYBILL_TOKEN: 'canary-token' } });
  return { client, path, peer, store };
}
const ticket = (url: string, headers: Record<string, string> = {}) => ({
  body: JSON.stringify({ method: 'PUT', url, headers }),
});

it('asks where to, and sends the very bytes there, their length before them, without the token', async () => {
  const { client, path, peer, store } = await setup();
  peer.answer(ticket(`${store.origin}/bucket/k?X-Amz-Signature=s`, { 'content-type': 'text/csv' }));
  await client.upload(key, path);
  expect(peer.arrived).toMatchObject([
    { method: 'POST', url: '/uploads', body: JSON.stringify({ key }) },
  ]);
  const [put] = store.arrived;
  expect(put).toMatchObject({
    method: 'PUT',
    url: '/bucket/k?X-Amz-Signature=s',
    headers: { 'content-type': 'text/csv', 'content-length': String(Buffer.byteLength(bytes)) },
    body: bytes,
  });
  expect(put?.headers.authorization).toBeUndefined();
  expect(put?.headers['transfer-encoding']).toBeUndefined();
});

it.each(['/objects/x?part=1', 'objects/x?part=1', '//evil.example/objects/x'])(
  'sends to the service itself, with the token, for %s',
  async (url) => {
    const { client, path, peer } = await setup();
    peer.answer(ticket(url), { status: 201 });
    await client.upload(key, path);
    expect(peer.arrived[1]).toMatchObject({
      method: 'PUT',
      url: url.startsWith('/') ? url : `/${url}`,
      headers: { authorization: 'Bearer canary-token' },
      body: bytes,
    });
  },
);

it('puts the file under its encoded key where the service knows no uploads', async () => {
  const { client, path, peer } = await setup();
  peer.answer({ status: 404, body: '{"message":"Not Found"}' }, { status: 201 });
  await client.upload(key, path);
  expect(peer.arrived[1]).toMatchObject({
    method: 'PUT',
    url: '/objects/cos-fetch/ap-shanghai/b-1/a%20b%25/gr%C3%B6%C3%9Fe%3F%23.csv',
    body: bytes,
  });
});

it.each([
  [
    { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' },
    EXIT.refused,
    /: status 403 AccessDenied\. Check the /,
  ],
  [{ status: 503, body: 'busy' }, EXIT.unreachable, /: status 503\. Check the /],
  [
    { status: 400, body: '<Code>EntityTooLarge</Code>' },
    EXIT.usage,
    /: status 400 EntityTooLarge\. Check the /,
  ],
  [{ status: 307, headers: { location: 'http://127.0.0.1:9/' } }, EXIT.unreachable, /broke off/],
  [
    { breakOff: 'at-once' as const },
    EXIT.unreachable,
    /broke off \(UND_ERR_SOCKET\)\. Submit it again\.$/,
  ],
])('tells what the store refuses, not its signed address: %j', async (reply, exitCode, message) => {
  const { client, path, peer, store } = await setup();
  peer.answer(ticket(`${store.origin}/k?X-Amz-Signature=canary`));
  store.answer(reply);
  const answer = client.upload(key, path);
  await expect(answer).rejects.toMatchObject({ exitCode });
  await expect(answer).rejects.toThrow(message);
  await expect(answer).rejects.not.toThrow('canary');
});
