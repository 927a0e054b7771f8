import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCallbackTokens } from '../../../../shared/signing/callback-token.ts';

const NOW = new Date('2026-11-20T02:00:00Z');
const later = (seconds: number) => new Date(NOW.getTime() + 1_000 * seconds);
const key = (kid: string, secret: string) => ({ kid, secret });
const tokens = createCallbackTokens([key('k1', 'a-secret-of-this-test')]);

const claims = fc.record({
  transferId: fc
    .tuple(fc.stringMatching(/^[A-Za-z0-9_-]{1,24}$/), fc.nat(99_999), fc.nat(999_999))
    .map((parts) => parts.join('.')),
  attempt: fc.integer({ min: 1, max: 999 }),
  outcome: fc.constantFrom('succeeded' as const, 'failed' as const),
});

describe('callback tokens', () => {
  it('say what they were made for', () => {
    const same = fc.property(claims, (claim) => {
      expect(tokens.verify(tokens.make(claim, later(60)), NOW)).toEqual({
        ...claim,
        expiry: later(60).getTime() / 1_000,
      });
    });
    fc.assert(same);
  });

  it('are one segment of a path that needs no escaping', () => {
    const plain = fc.property(claims, (claim) => {
      expect(tokens.make(claim, later(60))).toMatch(/^[\w.~-]+$/);
    });
    fc.assert(plain);
  });

  it('G5: fail when any one character is another one, is gone, or is added', () => {
    const changes = fc.property(
      claims,
      fc.nat(),
      fc.constantFrom('0', 'a', 'A', 's', 'f', '.', '-', '\u0130', '\ud800', ''),
      fc.boolean(),
      (claim, position, char, insert) => {
        const token = tokens.make(claim, later(60));
        const at = position % token.length;
        const changed = token.slice(0, at) + char + token.slice(insert ? at : at + 1);
        fc.pre(changed !== token);
        expect(() => tokens.verify(changed, NOW)).toThrow('Unknown callback.');
      },
    );
    fc.assert(changes, { numRuns: 2_000 });
  });

  it('G5: end with their expiry', () => {
    const token = tokens.make({ transferId: 'r.0.0', attempt: 1, outcome: 'failed' }, later(60));
    expect(tokens.verify(token, later(60)).outcome).toBe('failed');
    expect(() => tokens.verify(token, later(61))).toThrow('Unknown callback.');
  });

  it('G5: are taken for both keys of a rotation, and for no other', () => {
    const claim = { transferId: 'r.0.0', attempt: 1, outcome: 'succeeded' } as const;
    const [old, next] = [key('k1', 'the-former-secret-01'), key('k2', 'the-present-secret-1')];
    const former = createCallbackTokens([old]).make(claim, later(60));
    const rotating = createCallbackTokens([next, old]);
    expect(rotating.make(claim, later(60))).toMatch(/^k2\./);
    expect(rotating.verify(former, NOW)).toEqual({ ...claim, expiry: later(60).getTime() / 1_000 });
    expect(rotating.verify(rotating.make(claim, later(60)), NOW)).toEqual({
      ...claim,
      expiry: later(60).getTime() / 1_000,
    });
    expect(() => createCallbackTokens([next]).verify(former, NOW)).toThrow('Unknown callback.');
    const renamed = createCallbackTokens([key('k1', next.secret)]);
    expect(() => renamed.verify(former, NOW)).toThrow('Unknown callback.');
  });

  it('G5: of an unknown key id fail, also with the empty secret that stands in for it', () => {
    const claim = { transferId: 'r.0.0', attempt: 1, outcome: 'succeeded' } as const;
    const forged = createCallbackTokens([key('k9', '')]).make(claim, later(60));
    expect(() => tokens.verify(forged, NOW)).toThrow('Unknown callback.');
  });

  it('G5: are compared in constant time, whatever is wrong with them', () => {
    const compare = vi.spyOn(crypto, 'timingSafeEqual');
    syncBuiltinESMExports();
    onTestFinished(() => {
      compare.mockRestore();
      syncBuiltinESMExports();
    });
    const claim = { transferId: 'r.0.0', attempt: 1, outcome: 'succeeded' } as const;
    const token = tokens.make(claim, later(60));
    const flip = (at: number) =>
      token.slice(0, at) + (token[at] === 'a' ? 'b' : 'a') + token.slice(at + 1);
    const forged = [flip(token.length - 32), flip(token.length - 1), token.replace('k1', 'k9')];
    for (const each of forged) {
      expect(() => tokens.verify(each, NOW)).toThrow('Unknown callback.');
      expect(compare.mock.lastCall?.map(({ byteLength }) => byteLength)).toEqual([32, 32]);
    }
    expect(compare).toHaveBeenCalledTimes(forged.length);
  });

  it.each(['', '.', 'k1', 'x'.repeat(10_000), 'k1.r.0.0.1.s.zz.', '\ud800', '../../etc'])(
    'G5: answers %j like any other unknown one',
    (token) => {
      expect(() => tokens.verify(token, NOW)).toThrow('Unknown callback.');
    },
  );

  it('hold the longest claim that there is', () => {
    const longest = createCallbackTokens([key('k'.repeat(16), 'a-secret-of-this-test')]);
    const claim = { transferId: 'r'.repeat(85), attempt: 9_999_999, outcome: 'failed' } as const;
    const token = longest.make(claim, new Date(8.64e15));
    expect(token).toHaveLength(155);
    expect(longest.verify(token, NOW)).toEqual({ ...claim, expiry: 8.64e12 });
  });

  it('are not made without a key', () => {
    const claim = { transferId: 'r.0.0', attempt: 1, outcome: 'failed' } as const;
    expect(() => createCallbackTokens([]).make(claim, later(60))).toThrow('no callback key');
  });

  it('know neither the secret nor a shape that another secret gives', () => {
    const claim = { transferId: 'r.0.0', attempt: 1, outcome: 'succeeded' } as const;
    const other = createCallbackTokens([key('k1', 'b-secret-of-this-test')]);
    expect(() => tokens.verify(other.make(claim, later(60)), NOW)).toThrow('Unknown callback.');
    expect(tokens.make(claim, later(60))).not.toContain('secret');
  });
});
