/** What every store of credential sets must do, the same assertions for each. */
import { describe, expect, it } from 'vitest';
import type { OmsSet } from '../../shared/stores/credential-kinds.ts';
import type { CredentialSets } from '../../shared/stores/credential-sets.ts';

/** Opens a store that holds a document, beside the set of the environment. */
export type OpenSets = (document: string, fromEnv?: OmsSet) => Promise<CredentialSets>;

const CANARY = 'canary-9c1e';
const set = (dstAk: string, change: object = {}) => ({ dstAk, dstSk: CANARY, ...change });
const text = (sets: object) => JSON.stringify(sets);

export function credentialsContract(name: string, open: OpenSets): void {
  describe(`credential sets contract: ${name}`, () => {
    it('finds sets by name, and by the buckets of their sources', async () => {
      const sets = await open(
        text({ acme: set('ak1', { sourceBuckets: ['b1'] }), else: set('ak2') }),
      );
      expect(await sets.get('oms', 'acme')).toMatchObject({ dstAk: 'ak1', dstSk: CANARY });
      expect(await sets.get('oms', 'else')).toMatchObject({ dstAk: 'ak2' });
      expect(await sets.forBucket('b1')).toBe('acme');
      expect(await sets.forBucket('b2')).toBeUndefined();
    });

    it('reads a document with a byte order mark as one without', async () => {
      const sets = await open(`\ufeff${text({ acme: set('ak1') })}`);
      expect(await sets.get('oms', 'acme')).toMatchObject({ dstAk: 'ak1' });
    });

    it('takes the set of the environment for the default one', async () => {
      const sets = await open('{}', set('ak0'));
      expect(await sets.get('oms', 'default')).toMatchObject({ dstAk: 'ak0' });
    });

    it.each(['nobody', '', 'constructor', '__proto__'])('knows no set %j', async (unknown) => {
      const sets = await open(text({ acme: set('ak1') }));
      await expect(sets.get('oms', unknown)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        errors: [{ path: 'credentials' }],
      });
    });

    it.each([
      ['no JSON', CANARY, /is not JSON/],
      ['no object', '[]', /\(whole\)/],
      ['a field that is missing', text({ acme: { dstAk: CANARY } }), /acme\.dstSk/],
      ['half a pair', text({ acme: set('ak', { srcAk: CANARY }) }), /acme\.srcSk/],
      ['a field that is unknown', text({ acme: set('ak', { more: CANARY }) }), /acme\.more/],
      [
        'a value with an invisible character',
        text({ acme: set(`${CANARY}\u200b`) }),
        /acme\.dstAk: expected no invisible character \(U\+200B\)/,
      ],
      ['a name that is none', text({ 'a b': set('ak') }), /a b/],
      [
        'a bucket in two sets',
        text({ a: set('1', { sourceBuckets: ['b'] }), c: set('2', { sourceBuckets: ['b'] }) }),
        /sourceBuckets/,
      ],
    ])('refuses %s, names it, and quotes no value', async (_name, document, message) => {
      const error = await open(document).then(
        () => undefined,
        (caught: Error & { faults?: unknown }) => caught,
      );
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
      expect(error?.message).toMatch(message);
      expect(JSON.stringify([error?.message, error?.faults])).not.toContain(CANARY);
    });
  });
}
