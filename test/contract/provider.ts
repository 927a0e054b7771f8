/** What every provider client must do with the answers of its provider, and of what stands in between. */
import { describe, expect, it } from 'vitest';
import { toCause } from '../../shared/lib/cause.ts';
import { type CauseClass, WaybillError } from '../../shared/lib/errors.ts';
import { type Peer, type Reply, startPeer } from '../fixtures/http.ts';

export interface ProviderCase {
  readonly provider: 'tencent' | 'huawei';
  /** Makes one call of the client that talks to `origin`. */
  readonly call: (origin: string) => Promise<unknown>;
  /** An answer that the call takes as success. */
  readonly success: Reply;
  /** The provider's own error answer. */
  readonly refusal: (status: number, code: string, message: string) => Reply;
  readonly requestId: string;
  /** Codes of the provider for a refused key and for too many requests, with their statuses. */
  readonly badKey: readonly [status: number, code: string];
  readonly throttled: readonly [status: number, code: string];
  readonly unavailable: readonly [status: number, code: string];
  /** An internal error of its own, and whether the call may have been carried out all the same. */
  readonly internal: readonly [status: number, code: string, sent: 'no' | 'unknown'];
  /** Whether a 503 that nobody signed may have been carried out. @default 'no' */
  readonly silent503?: 'no' | 'unknown';
  /** The call succeeds without a body. */
  readonly bodyless?: boolean;
  /** Fails unless the request carries a good signature over exactly its bytes. */
  readonly checkSignature: (peer: Peer) => void;
  /** Texts that must never leave the client. */
  readonly secrets: readonly string[];
}

const HTML = '<!DOCTYPE html><html><head><title>Bad Gateway</title></head></html>';

export function providerContract(name: string, given: ProviderCase): void {
  const failure = async (reply: Reply): Promise<WaybillError> => {
    const peer = await startPeer();
    peer.answer(reply);
    const error: unknown = await given.call(peer.origin).then(
      () => new Error('the call succeeded'),
      (reason: unknown) => reason,
    );
    if (!(error instanceof WaybillError)) throw error;
    const text = JSON.stringify([toCause(error), error.message, error.stack]);
    for (const secret of given.secrets) expect(text).not.toContain(secret);
    return error;
  };

  describe(`provider contract: ${name}`, () => {
    it('signs the bytes it sends', async () => {
      const peer = await startPeer();
      peer.answer(given.success);
      await given.call(peer.origin);
      expect(peer.arrived).toHaveLength(1);
      given.checkSignature(peer);
    });

    it('keeps the request id of a refusal', async () => {
      const error = await failure(given.refusal(...given.badKey, 'no'));
      expect(toCause(error)).toMatchObject({
        provider: given.provider,
        code: given.badKey[1],
        requestId: given.requestId,
      });
    });

    const cases: readonly [string, Reply, CauseClass, 'no' | 'unknown'][] = [
      ['a refused key', given.refusal(...given.badKey, 'no'), 'credentials', 'no'],
      ['throttling', given.refusal(...given.throttled, 'slow'), 'throttled', 'no'],
      ['unavailability', given.refusal(...given.unavailable, 'later'), 'throttled', 'no'],
      ['a wrong request', given.refusal(400, 'SomethingNew', 'bad'), 'request', 'no'],
      [
        'an unknown code with status 403',
        given.refusal(403, 'SomethingNew', ''),
        'credentials',
        'no',
      ],
      [
        'an internal error it speaks of',
        given.refusal(given.internal[0], given.internal[1], ''),
        'transient',
        given.internal[2],
      ],
      ["a gateway's 502 in HTML", { status: 502, body: HTML }, 'transient', 'unknown'],
      ["a gateway's 504 in HTML", { status: 504, body: HTML }, 'transient', 'unknown'],
      [
        "a gateway's 503 in HTML",
        { status: 503, body: HTML },
        'throttled',
        given.silent503 ?? 'no',
      ],
      ["a gateway's 429 without body", { status: 429 }, 'throttled', 'no'],
      ['a 500 without body', { status: 500 }, 'transient', 'unknown'],
      ['a 404 without body', { status: 404 }, 'request', 'no'],
      [
        'a redirect',
        { status: 307, headers: { location: 'http://127.0.0.1:1/' } },
        'request',
        'no',
      ],
      ['a success in HTML', { status: 200, body: HTML }, 'transient', 'unknown'],
      ['an empty success', { status: 200, body: '' }, 'transient', 'unknown'],
      [
        'half a success',
        { ...given.success, body: given.success.body?.slice(0, -3) ?? '' },
        'transient',
        'unknown',
      ],
      [
        'a success that breaks off',
        { ...given.success, breakOff: 'in-body' },
        'transient',
        'unknown',
      ],
      ['no answer', { breakOff: 'at-once' }, 'transient', 'unknown'],
    ];
    const fitting = cases.filter(([what]) => !given.bodyless || what !== 'an empty success');
    it.each(fitting)('reads %s', async (_name, reply, expected, sent) => {
      const error = await failure(reply);
      expect({ class: error.class, sent: error.sent }).toEqual({ class: expected, sent });
    });

    it('hands on how long to wait', async () => {
      const refusal = given.refusal(...given.throttled, 'slow');
      const error = await failure({
        ...refusal,
        headers: { ...refusal.headers, 'retry-after': '7' },
      });
      expect(error).toMatchObject({ retryAfterMs: 7_000 });
    });

    it('G6: hides what authenticates it when the provider quotes the request', async () => {
      const quoted = given.secrets.join(' q-signature=');
      const message = `StringToSign was q-ak=${quoted} Access=${quoted}, Signature=${quoted}`;
      const error = await failure(given.refusal(...given.badKey, message));
      expect(error.message).toContain('***');
    });
  });
}
