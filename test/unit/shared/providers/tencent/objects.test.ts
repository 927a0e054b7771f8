import { describe, expect, it } from 'vitest';
import { createSend } from '../../../../../shared/lib/http.ts';
import {
  createCosObjectsClient,
  hasArrived,
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
    expect(await objects.list(TARGET, 'staging/')).toEqual({
      keys: ["staging/it's & 中文.csv", 'staging/ blank at both ends '],
    });
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

describe('an open submission is judged by its target', () => {
  const md5 = 'a'.repeat(32);
  const since = new Date('2026-11-20T02:00:00.700Z');
  const [before, after] = ['Fri, 20 Nov 2026 01:59:59 GMT', 'Fri, 20 Nov 2026 02:00:00 GMT'];
  const planned = { id: 'r1.0.0', line: 0, target: TARGET, url: 'http://o/a', key: 'a', md5 };
  const judge = async (headers: Record<string, string>) => {
    const objects = await setup({ headers });
    return hasArrived(objects)(planned, since);
  };

  it.each([
    ['the expected MD5', { etag: `"${md5}"`, 'last-modified': before }, true],
    [
      'the expected MD5 in upper case',
      { etag: `"${md5.toUpperCase()}"`, 'last-modified': before },
      true,
    ],
    ['another MD5', { etag: `"${'b'.repeat(32)}"`, 'last-modified': after }, false],
    ['an ETag of parts', { etag: `"${md5}-2"`, 'last-modified': after }, true],
    ['an ETag of parts, older', { etag: `"${md5}-2"`, 'last-modified': before }, false],
  ])('%s', async (_name, headers, expected) => {
    expect(await judge(headers)).toBe(expected);
  });

  const sse = 'server-side-encryption';
  it.each([
    [`x-cos-${sse}`, 'cos/kms'],
    [`x-cos-${sse}`, 'SM4'],
    [`x-cos-${sse}-customer-algorithm`, 'AES256'],
    [`x-amz-${sse}`, 'aws:kms'],
    [`x-amz-${sse}-customer-algorithm`, 'AES256'],
  ])('by Last-Modified where %s: %s makes an ETag of 32 digits no MD5', async (name, value) => {
    const encrypted = { [name]: value, etag: `"${'b'.repeat(32)}"` };
    expect(await judge({ ...encrypted, 'last-modified': after })).toBe(true);
    expect(await judge({ ...encrypted, 'last-modified': before })).toBe(false);
    // Digits of the expected MD5 are no chance.
    const equal = { ...encrypted, etag: `"${md5}"`, 'last-modified': before };
    expect(await judge(equal)).toBe(true);
  });

  it.each([`x-cos-${sse}`, `x-amz-${sse}`])(
    'by MD5 under %s: AES256, which keeps it',
    async (name) => {
      const encrypted = { [name]: 'AES256', etag: `"${'b'.repeat(32)}"` };
      expect(await judge({ ...encrypted, 'last-modified': after })).toBe(false);
    },
  );
});
