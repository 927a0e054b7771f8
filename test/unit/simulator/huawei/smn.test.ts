import { createVerify, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NOW, setup } from './setup.ts';

const TOPIC = 'urn:smn:cn-north-4:0123456789abcdef0123456789abcdef:done';

/** The simulator and a receiver of its messages. */
async function setupSmn(status = 200) {
  const made = await setup();
  const received: { headers: Record<string, unknown>; body: Record<string, string> }[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString());
    received.push({ headers: request.headers, body });
    response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/smn`;
  return { ...made, received, url };
}

/** Checks a message as the vendor tells receivers to. */
async function verified(body: Record<string, string>, names: readonly string[]): Promise<boolean> {
  const pem = await (await fetch(body['signing_cert_url'] ?? '')).text();
  const text = names.map((name) => `${name}\n${body[name]}\n`).join('');
  const { publicKey } = new X509Certificate(pem);
  const verify = createVerify('RSA-SHA256').update(text);
  return verify.verify(publicKey, body['signature'] ?? '', 'base64');
}

describe('messages', () => {
  const plain = ['message', 'message_id', 'timestamp', 'topic_urn', 'type'];

  it('are signed and carry their headers', async () => {
    const { simulator, received, url } = await setupSmn(204);
    expect(await simulator.smn.notify(url, { topicUrn: TOPIC, message: '{"腾":1}\n' })).toBe(204);
    const [{ headers, body } = { headers: {}, body: {} }] = received;
    expect(body).toMatchObject({
      type: 'Notification',
      topic_urn: TOPIC,
      message: '{"腾":1}\n',
      timestamp: '2026-11-20T02:00:00Z',
      signature_version: 'v1',
      signing_cert_url: expect.stringMatching(
        new RegExp(`^${simulator.smnUrl}/smn/SMN_cn-north-4_[0-9a-f]{32}\\.pem$`),
      ),
      unsubscribe_url: expect.stringContaining(simulator.smnUrl),
    });
    expect(headers).toMatchObject({
      'x-smn-message-type': 'Notification',
      'x-smn-message-id': body['message_id'],
      'x-smn-topic-urn': TOPIC,
    });
    expect(await verified(body, plain)).toBe(true);
    expect(await verified({ ...body, message: '{}' }, plain)).toBe(false);
  });

  it('have the subject in the signature, but not an empty one', async () => {
    const { simulator, received, url } = await setupSmn();
    await simulator.smn.notify(url, { topicUrn: TOPIC, message: 'm', subject: 's' });
    await simulator.smn.notify(url, { topicUrn: TOPIC, message: 'm', subject: '' });
    const [full, empty] = received.map(({ body }) => body);
    const names = ['message', 'message_id', 'subject', 'timestamp', 'topic_urn', 'type'];
    expect(await verified(full ?? {}, names)).toBe(true);
    expect(await verified(full ?? {}, plain)).toBe(false);
    expect(await verified(empty ?? {}, plain)).toBe(true);
  });

  it('can be spoilt: signature, certificate, time and any field', async () => {
    const { simulator, received, url } = await setupSmn();
    const good = { topicUrn: TOPIC, message: 'm' };
    await simulator.smn.notify(url, { ...good, signature: 'AAAA' });
    await simulator.smn.notify(url, { ...good, signingCertUrl: 'https://evil.example/c.pem' });
    await simulator.smn.notify(url, { ...good, timestamp: '2020-01-01T00:00:00Z', messageId: '1' });
    await simulator.smn.notify(url, { ...good, spoil: { message: 'n', topic_urn: undefined } });
    const [signature, certificate, time, field] = received.map(({ body }) => body);
    expect(await verified(signature ?? {}, plain)).toBe(false);
    expect(certificate?.['signing_cert_url']).toBe('https://evil.example/c.pem');
    expect(time).toMatchObject({ timestamp: '2020-01-01T00:00:00Z', message_id: '1' });
    expect(await verified(time ?? {}, plain)).toBe(true);
    expect(field).not.toHaveProperty('topic_urn');
    expect(await verified({ ...field, topic_urn: TOPIC }, plain)).toBe(false);
  });

  it('tell the status of a refusal', async () => {
    const { simulator, url } = await setupSmn(503);
    expect(await simulator.smn.notify(url, { topicUrn: TOPIC, message: 'm' })).toBe(503);
  });

  it.each(['SubscriptionConfirmation', 'UnsubscribeConfirmation'])(
    'of type %s have the address in the signature',
    async (type) => {
      const { simulator, received, url } = await setupSmn();
      await simulator.smn.notify(url, { topicUrn: TOPIC, message: 'm', type });
      const names = ['message', 'message_id', 'subscribe_url', 'timestamp', 'topic_urn', 'type'];
      expect(await verified(received[0]?.body ?? {}, names)).toBe(true);
    },
  );
});

describe('subscriptions', () => {
  it('are confirmed by fetching the address, which is recorded', async () => {
    const { simulator, received, url } = await setupSmn();
    expect(await simulator.smn.subscribe(url, TOPIC)).toBe(200);
    expect(simulator.smn.confirmations).toEqual([]);
    const { body = {} } = received[0] ?? {};
    expect(body).toMatchObject({ type: 'SubscriptionConfirmation', topic_urn: TOPIC });
    const address = body['subscribe_url'] ?? '';
    expect(address.startsWith(`${simulator.smnUrl}/`)).toBe(true);
    expect((await fetch(address)).status).toBe(200);
    expect(simulator.smn.confirmations).toEqual([{ topicUrn: TOPIC, at: NOW }]);
    expect((await fetch(address.replace(/token=./, 'token=x'))).status).toBe(400);
  });
});

describe('the certificate', () => {
  it('is self-signed with RSA and holds now', async () => {
    const { simulator, received, url } = await setupSmn();
    await simulator.smn.notify(url, { topicUrn: TOPIC, message: 'm' });
    const address = received[0]?.body['signing_cert_url'] ?? '';
    const certificate = new X509Certificate(await (await fetch(address)).text());
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyType).toBe('rsa');
    expect(certificate.subject).toBe('CN=smn.myhuaweicloud.com');
    expect(certificate.issuer).toBe(certificate.subject);
    expect(certificate.validFromDate < NOW && certificate.validToDate > NOW).toBe(true);
    const other = address.replace(/_[0-9a-f]{32}/, `_${'0'.repeat(32)}`);
    expect((await fetch(other)).status).toBe(404);
  });
});
