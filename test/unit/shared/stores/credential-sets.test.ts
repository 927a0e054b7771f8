import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../shared/lib/errors.ts';
import { openSets, setsOf } from '../../../fixtures/credential-sets.ts';
import { temporaryFolder } from '../../../fixtures/stores.ts';

const CANARY = 'canary-value';
const dst = { dstAk: `${CANARY}-ak`, dstSk: `${CANARY}-sk` };
const KMS_ID = '11111111-2222-3333-4444-555555555555';

function fileOf(content: unknown): string {
  const path = join(temporaryFolder(), 'sets.json');
  const isWhole = typeof content === 'string' || content instanceof Buffer;
  writeFileSync(path, isWhole ? content : JSON.stringify(content));
  return path;
}

function faultsOf(read: () => unknown): readonly { path: string; message: string }[] {
  try {
    read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(JSON.stringify([error.message, error.stack, error.faults])).not.toContain(CANARY);
    expect(error.cause).toBeUndefined();
    return error.faults;
  }
  return [];
}

describe('credential sets', () => {
  it('have the set `default` of the environment', async () => {
    const sets = openSets({ fromEnv: dst });
    expect(await sets.get('oms', 'default')).toEqual(dst);
  });

  it.each([
    ['UTF-16 text', Buffer.from(`\ufeff${JSON.stringify({ acme: dst })}`, 'utf16le')],
    ['not UTF-8 text', Buffer.from('{"acm\xe9":{}}', 'latin1')],
  ])('name a file that is %s: env-file-encoding', (what, bytes) => {
    const file = fileOf(bytes);
    expect(faultsOf(() => openSets({ file }))).toEqual([
      {
        path: 'WAYBILL_CREDENTIALS_FILE',
        message: `${file}: the file is ${what}; save it as UTF-8`,
      },
    ]);
  });

  it('have the named sets of a file, with every field', async () => {
    const full = {
      ...dst,
      srcAk: 'a',
      srcSk: 'b',
      connectionString: 'c',
      jsonAuthFile: '{"type":"service_account"}',
      srcSecurityToken: 't'.repeat(16_384),
      dstSecurityToken: 'u',
      sourceCdnAuthenticationKey: 'k',
      srcCryptoType: 'KMS',
      srcKmsKeyId: KMS_ID,
      dstCryptoType: 'DEFAULT',
      sourceCdnCryptoType: 'KMS',
      sourceCdnKmsKeyId: KMS_ID,
      sdkAk: 'd',
      sdkSk: 'e',
      sdkSecurityToken: 'f',
      sourceBuckets: ['photos', 'videos'],
    };
    const sets = openSets({ file: fileOf({ full, 'a.b_C-1': dst }) });
    expect(await sets.get('oms', 'full')).toEqual(full);
    expect(await sets.get('oms', 'a.b_C-1')).toEqual(dst);
  });

  it('have both when the file names no set `default`', async () => {
    const sets = openSets({
      file: fileOf({ other: dst }),
      fromEnv: { ...dst, srcAk: 'x' },
    });
    expect(await sets.get('oms', 'default')).toHaveProperty('srcAk', 'x');
    expect(await sets.get('oms', 'other')).toEqual(dst);
  });

  it('have a set `default` of the file without variables', async () => {
    expect(await openSets({ file: fileOf({ default: dst }) }).get('oms', 'default')).toEqual(dst);
  });

  it.each([
    ['default', 'OMS_DST_AK'],
    ['nobody', 'WAYBILL_CREDENTIALS_FILE'],
    ['__proto__', 'WAYBILL_CREDENTIALS_FILE'],
    ['constructor', 'WAYBILL_CREDENTIALS_FILE'],
    ['', 'WAYBILL_CREDENTIALS_FILE'],
  ])('refuse the unknown set %j at the path of the request', async (name, variable) => {
    for (const sets of [openSets({}), openSets({ file: fileOf({ other: dst }) })]) {
      await expect(sets.get('oms', name)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        errors: [{ path: 'credentials', message: expect.stringContaining(variable) }],
      });
    }
  });

  it('are found by the bucket of a source', async () => {
    const sets = setsOf({
      one: { ...dst, sourceBuckets: ['photos', 'videos'] },
      two: { ...dst, sourceBuckets: ['music'] },
      three: dst,
    });
    const found = ['photos', 'videos', 'music', 'other', '', '__proto__'].map(sets.forBucket);
    expect(await Promise.all(found)).toEqual([
      'one',
      'one',
      'two',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('a credentials file', () => {
  it('that is not there is said by its path', () => {
    const file = join(temporaryFolder(), 'none.json');
    expect(faultsOf(() => openSets({ file }))).toEqual([
      {
        path: 'WAYBILL_CREDENTIALS_FILE',
        message: `${file} can't be read (ENOENT); expected a JSON object of named sets`,
      },
    ]);
  });

  it('that is a folder is said so', () => {
    const [fault] = faultsOf(() => openSets({ file: temporaryFolder() }));
    expect(fault?.message).toContain('(EISDIR)');
  });

  it.each([
    ['empty', ''],
    ['not JSON', `{"one": {"dstAk": "${CANARY}" "dstSk": "x"}}`],
    ['cut short', `{"one": {"dstAk": "${CANARY}`],
    ['a .env file', `OMS_DST_SK=${CANARY}`],
  ])('that is %s is said so, without a word of it', (_name, content) => {
    const file = fileOf(content);
    expect(faultsOf(() => openSets({ file }))).toEqual([
      {
        path: 'WAYBILL_CREDENTIALS_FILE',
        message: `${file} is not JSON; expected a JSON object of named sets`,
      },
    ]);
  });

  const long = (length: number) => CANARY.padEnd(length, 'x');
  const whole = 'expected a JSON object of named sets';
  const odd = 'is not a field of a credential set, or not of its type';
  it.each<[string, unknown, string, string]>([
    ['a list', [dst], '(whole)', whole],
    ['an empty list', [], '(whole)', whole],
    ['a text', JSON.stringify(CANARY), '(whole)', whole],
    ['null', 'null', '(whole)', whole],
    ['a name every object has', { constructor: dst }, 'constructor', 'expected another name'],
    ['a set that is a text', { one: CANARY }, 'one', odd],
    ['a set that is null', { one: null }, 'one', odd],
    ['an unknown field', { one: { ...dst, srcak: CANARY } }, 'one.srcak', odd],
    ['no key', { one: { dstSk: CANARY } }, 'one.dstAk', 'is missing'],
    [
      'an empty key',
      { one: { ...dst, dstAk: '' } },
      'one.dstAk',
      'expected text of 1 to 100 characters',
    ],
    [
      'a number',
      { one: { ...dst, dstSk: 7 } },
      'one.dstSk',
      'expected text of 1 to 100 characters',
    ],
    [
      'null in a field',
      { one: { ...dst, srcAk: null } },
      'one.srcAk',
      'expected text of 1 to 100 characters',
    ],
    [
      'a long key',
      { one: { ...dst, srcAk: long(101), srcSk: 'b' } },
      'one.srcAk',
      'expected text of 1 to 100 characters',
    ],
    [
      'a long token',
      { one: { ...dst, dstSecurityToken: long(16_385) } },
      'one.dstSecurityToken',
      'expected text of 1 to 16384 characters',
    ],
    [
      'a long connection string',
      { one: { ...dst, connectionString: long(2_049) } },
      'one.connectionString',
      'expected text of 1 to 2048 characters',
    ],
    [
      'a long key file',
      { one: { ...dst, jsonAuthFile: long(65_536) } },
      'one.jsonAuthFile',
      'expected text of 1 to 65535 characters',
    ],
    [
      'a key file that is an object',
      { one: { ...dst, jsonAuthFile: { key: CANARY } } },
      'one.jsonAuthFile',
      'expected text of 1 to 65535 characters',
    ],
    [
      'a long CDN key',
      { one: { ...dst, sourceCdnAuthenticationKey: long(256) } },
      'one.sourceCdnAuthenticationKey',
      'expected text of 1 to 255 characters',
    ],
    [
      'another crypto type',
      { one: { ...dst, srcCryptoType: CANARY } },
      'one.srcCryptoType',
      'expected DEFAULT or KMS',
    ],
    [
      'a short KMS key id',
      { one: { ...dst, dstCryptoType: 'KMS', dstKmsKeyId: CANARY } },
      'one.dstKmsKeyId',
      'expected 36 characters',
    ],
    [
      'a KMS key id that is a number',
      { one: { ...dst, dstCryptoType: 'KMS', dstKmsKeyId: 36 } },
      'one.dstKmsKeyId',
      'expected 36 characters',
    ],
    [
      'a KMS key id without the type',
      { one: { ...dst, dstKmsKeyId: KMS_ID } },
      'one.dstCryptoType',
      'expected KMS with dstKmsKeyId',
    ],
    [
      'the type KMS without its key id',
      { one: { ...dst, srcCryptoType: 'KMS' } },
      'one.srcKmsKeyId',
      'expected with srcCryptoType KMS',
    ],
    ['half a source pair', { one: { ...dst, srcAk: CANARY } }, 'one.srcSk', 'expected with srcAk'],
    ['the other half', { one: { ...dst, srcSk: CANARY } }, 'one.srcAk', 'expected with srcSk'],
    [
      'a token without its pair',
      { one: { ...dst, srcSecurityToken: CANARY } },
      'one.srcAk',
      'expected with srcSecurityToken',
    ],
    [
      'half a pair for the calls',
      { one: { ...dst, sdkAk: CANARY } },
      'one.sdkSk',
      'expected with sdkAk',
    ],
    [
      'the other half of it',
      { one: { ...dst, sdkSk: CANARY } },
      'one.sdkAk',
      'expected with sdkSk',
    ],
    [
      'a token for the calls alone',
      { one: { ...dst, sdkSecurityToken: CANARY } },
      'one.sdkAk',
      'expected with sdkSecurityToken',
    ],
    [
      'buckets that are no list',
      { one: { ...dst, sourceBuckets: CANARY } },
      'one.sourceBuckets',
      'expected a list of bucket names',
    ],
    [
      'a bucket that is no text',
      { one: { ...dst, sourceBuckets: ['b', 7] } },
      'one.sourceBuckets.1',
      'expected text of 1 to 255 characters',
    ],
    ['a name with a blank', { 'my set': dst }, 'my set', 'expected a name of A-Z a-z 0-9 . _ -'],
    [
      'a long name',
      { ['n'.repeat(65)]: dst },
      'n'.repeat(65),
      'expected a name of A-Z a-z 0-9 . _ -',
    ],
    [
      'a bucket in two sets',
      { one: { ...dst, sourceBuckets: ['photos'] }, two: { ...dst, sourceBuckets: ['photos'] } },
      'two.sourceBuckets',
      'expected no bucket of set "one"',
    ],
  ])('with %s is refused at its field', (_name, content, path, message) => {
    const file = fileOf(content);
    expect(faultsOf(() => openSets({ file }))).toEqual([{ path: `${file}: ${path}`, message }]);
  });

  it('tells the faults of all sets at once', () => {
    const file = fileOf({ one: { ...dst, dstAk: '' }, two: { ...dst, srcAk: 7 } });
    expect(faultsOf(() => openSets({ file })).map(({ path }) => path)).toEqual([
      `${file}: one.dstAk`,
      `${file}: two.srcAk`,
    ]);
  });

  it('with a set `default` beside OMS_* variables is refused', () => {
    const file = fileOf({ default: dst });
    expect(faultsOf(() => openSets({ file, fromEnv: dst }))).toEqual([
      {
        path: 'WAYBILL_CREDENTIALS_FILE',
        message:
          'has a set "default", and the OMS_* variables set it too; expected only one of them',
      },
    ]);
  });
});
