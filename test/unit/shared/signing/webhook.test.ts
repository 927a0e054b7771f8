import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { ApiRequest } from '../../../../shared/lib/api-request.ts';
import { createWebhookSigner, parseWebhookSecret } from '../../../../shared/signing/webhook.ts';

const secretOf = (bytes: Uint8Array): string => `whsec_${Buffer.from(bytes).toString('base64')}`;
const [OLD, NEW] = [secretOf(randomBytes(24)), secretOf(randomBytes(64))];
const AT = new Date('2026-11-20T02:00:00.999Z');
const request = (body: string, id = 'msg_1'): ApiRequest => ({
  method: 'POST',
  origin: 'https://receiver.example',
  path: '/',
  query: [],
  headers: { 'webhook-id': id },
  body,
});

describe('the signature of a notification', () => {
  it('is that of the test in the libraries of Standard Webhooks', () => {
    // https://github.com/standard-webhooks/standard-webhooks, `libraries/`: "sign function works".
    const sign = createWebhookSigner(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']);
    const signed = sign(
      request('{"test": 2432232314}', 'msg_p5jXN8AQM9LWM0D4loKWxJek'),
      new Date(1_614_265_330_000),
    );
    expect(signed.headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is what the public library makes of any body, id and key', () => {
    const same = fc.property(
      fc.uint8Array({ minLength: 24, maxLength: 64 }),
      fc.stringMatching(/^msg_[A-Za-z0-9_-]{1,60}$/),
      fc.json(),
      (key, id, body) => {
        const { headers } = createWebhookSigner([secretOf(key)])(request(body, id), AT);
        const theirs = new Webhook(secretOf(key)).sign(id, AT, body);
        expect(headers['webhook-signature']).toBe(theirs);
      },
    );
    fc.assert(same);
  });

  it('is made with each of two secrets, in their order, over the same whole second', () => {
    const { headers } = createWebhookSigner([NEW, OLD])(request('{"a":"ü"}'), AT);
    expect(headers['webhook-timestamp']).toBe(String(Date.parse('2026-11-20T02:00:00Z') / 1_000));
    expect(headers['webhook-signature']).toBe(
      [NEW, OLD].map((secret) => new Webhook(secret).sign('msg_1', AT, '{"a":"ü"}')).join(' '),
    );
  });

  it.each([
    ['no id', ''],
    ['an id with a full stop', 'msg_1.2'],
    ['an id with a line feed', 'msg_1\n'],
  ])('is not made for %s', (_name, id) => {
    const sign = createWebhookSigner([OLD]);
    expect(() => sign(request('{}', id), AT)).toThrow(
      expect.objectContaining({
        code: 'SIGNING_INPUT',
        errors: [{ path: 'webhook-id', message: expect.stringContaining('msg_') }],
      }),
    );
  });

  it('is not made of a text that other bytes would be sent for', () => {
    expect(() => createWebhookSigner([OLD])(request('"\ud800"'), AT)).toThrow(
      expect.objectContaining({ code: 'SIGNING_INPUT' }),
    );
  });

  it('G6: a bad secret is named by its place, never shown', () => {
    const bad = 'whsec_Y2FuYXJ5';
    const failure = (() => {
      try {
        return createWebhookSigner([OLD, bad]);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toMatchObject({
      code: 'SIGNING_INPUT',
      errors: [{ path: 'secrets[1]', message: expect.stringContaining('24 to 64 bytes') }],
    });
    expect(JSON.stringify([failure, String(failure)])).not.toContain('Y2FuYXJ5');
    expect(() => createWebhookSigner([])).toThrow(
      expect.objectContaining({ code: 'SIGNING_INPUT' }),
    );
  });
});

describe('a secret', () => {
  it.each([24, 25, 26, 63, 64])('of %i bytes is one', (length) => {
    const key = randomBytes(length);
    expect(parseWebhookSecret(secretOf(key))?.equals(key)).toBe(true);
  });

  it.each([
    ['too short', secretOf(randomBytes(23))],
    ['too long', secretOf(randomBytes(65))],
    ['without its prefix', randomBytes(32).toString('base64')],
    ['without padding', secretOf(randomBytes(32)).replace(/=+$/, '')],
    ['of the alphabet for URLs', `whsec_${Buffer.alloc(24, 0xff).toString('base64url')}`],
    ['with bits that are no part of it', `whsec_${'A'.repeat(34)}B=`],
    ['empty', 'whsec_'],
    ['with something behind it', `${OLD}\n`],
  ])('%s is none', (_name, secret) => {
    expect(parseWebhookSecret(secret)).toBeUndefined();
  });
});
