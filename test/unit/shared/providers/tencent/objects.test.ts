import { describe, expect, it } from 'vitest';
import { createSend } from '../../../../../shared/lib/http.ts';
import {
  createCosObjectsClient,
  isBroughtBy,
} from '../../../../../shared/providers/tencent/objects.ts';
import { createCosSigner } from '../../../../../shared/signing/cos.ts';
import { readCase } from '../../../../fixtures/cases.ts';
import { type Reply, startPeer } from '../../../../fixtures/http.ts';

const TARGET = { region: 'ap-chengdu', bucket: 'examplebucket-1250000000' };

async function setup(...replies: readonly Reply[]) {
  const peer = await startPeer();
  peer.answer(...replies);
  const credentials = { secretId: 'AKIDcanary', secretKey: 'canary-secret-key' };
  return createCosObjectsClient({
    endpoint: peer.origin,
    send: createSend(),
    sign: createCosSigner({ credentials }),
  });
}

describe('a list of objects', () => {
  it('has the keys that the answer means: references decoded once, outer blanks kept', async () => {
    const objects = await setup({ body: readCase('xml-character-references/input.xml') });
    expect(await Array.fromAsync(objects.list(TARGET, 'staging/'))).toEqual([
      "staging/it's & 中文.csv",
      'staging/ blank at both ends ',
    ]);
  });
});

describe('an object', () => {
  it.each(['Fri, 20 Nov 2026 02:00:00 GMT', 'Friday, 20-Nov-26 02:00:00 GMT'])(
    'was written when Last-Modified says: %s',
    async (modified) => {
      const objects = await setup({ headers: { 'last-modified': modified } });
      const found = await objects.head(TARGET, 'a');
      expect(found?.lastModifiedAt).toEqual(new Date('2026-11-20T02:00:00Z'));
    },
  );

  it.each(['49.5', '2049', 'Nov 20, 2049'])(
    'of no known time was not written since: %s',
    async (modified) => {
      const headers = { 'last-modified': modified, etag: '"x-1"' };
      const objects = await setup({ headers });
      const found = await objects.head(TARGET, 'a');
      expect(found && isBroughtBy(found, undefined, new Date(0))).toBe(false);
    },
  );
});
