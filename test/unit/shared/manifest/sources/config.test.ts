import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../../shared/lib/errors.ts';
import { parseSources } from '../../../../../shared/manifest/sources/config.ts';
import { parseSets } from '../../../../../shared/stores/credential-sets.ts';
import { documentOf } from '../../../../fixtures/credential-sets.ts';

const CANARY = 'canary-5d1f';
const MEDIA = { kind: 's3', bucket: 'media', region: 'eu-central-1' };
const SETS = parseSets(
  documentOf({
    reader: { accessKeyId: 'AKID', secretAccessKey: CANARY },
    tencent: { secretId: 'AKID', secretKey: CANARY },
  }),
);

const parse = (content: object) => parseSources(documentOf(content, 'WAYBILL_SOURCES_FILE'), SETS);

function faultsOf(content: object) {
  try {
    parse(content);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(JSON.stringify([error.message, error.faults])).not.toContain(CANARY);
    return error.faults.map(({ path, message }) => [path, message]);
  }
  return [];
}

const SECONDS = 'expected a whole number from 1 to 604800';
const HTTP = 'an http:// or https:// address without query or credentials';

describe('sources', () => {
  it('have every field', () => {
    const full = {
      ...MEDIA,
      endpoint: 'https://s3.example.com/base/',
      addressing: 'path',
      credentials: 'reader',
      publicUrl: 'http://cdn.example.com/media/',
      presignSeconds: 604_800,
    };
    expect(parse({ full, 'a.b_C-1': MEDIA })).toEqual([
      {
        name: 'full',
        ...full,
        endpoint: 'https://s3.example.com/base',
        publicUrl: 'http://cdn.example.com/media',
      },
      { name: 'a.b_C-1', ...MEDIA },
    ]);
  });

  it.each([604_801, 0, -1, '1d', 1.5, null])(
    'P10: presignSeconds %j is refused by name',
    (value) => {
      expect(faultsOf({ media: { ...MEDIA, presignSeconds: value } })).toEqual([
        ['document: media.presignSeconds', SECONDS],
      ]);
    },
  );

  it.each<[string, object, string, string]>([
    ['no kind', { bucket: 'media', region: 'r' }, 'kind', 'is missing'],
    [
      'another kind',
      { ...MEDIA, kind: CANARY },
      'kind',
      'expected s3, oss, cos, obs, gs, tos or s3-compatible',
    ],
    [
      'a bucket that is none',
      { ...MEDIA, bucket: `${CANARY}/` },
      'bucket',
      'expected the name of a bucket',
    ],
    [
      'a COS bucket without APPID',
      { ...MEDIA, kind: 'cos' },
      'bucket',
      'expected a bucket with its APPID, such as examplebucket-1250000000',
    ],
    [
      'an OSS region with oss-',
      { ...MEDIA, kind: 'oss', region: 'oss-cn-hangzhou' },
      'region',
      'expected a region without "oss-", such as cn-hangzhou',
    ],
    [
      'no endpoint',
      { ...MEDIA, kind: 's3-compatible' },
      'endpoint',
      'expected the address of the store',
    ],
    [
      'an endpoint with keys',
      { ...MEDIA, endpoint: `http://AKID:${CANARY}@a.example` },
      'endpoint',
      `expected ${HTTP}`,
    ],
    [
      'an unknown set',
      { ...MEDIA, credentials: 'nobody' },
      'credentials',
      'expected a set with accessKeyId and secretAccessKey in WAYBILL_CREDENTIALS_FILE',
    ],
    [
      'a set of another kind',
      { ...MEDIA, credentials: 'tencent' },
      'credentials',
      'expected a set with accessKeyId and secretAccessKey in WAYBILL_CREDENTIALS_FILE',
    ],
    [
      'keys of its own',
      { ...MEDIA, secretAccessKey: CANARY },
      'secretAccessKey',
      'is not a field of a source, or not of its type',
    ],
    [
      'a publicUrl over https',
      { ...MEDIA, publicUrl: 'https://a.example' },
      'publicUrl',
      'expected http://, as Tencent fetches over http only',
    ],
    [
      'path style where the store has none',
      { ...MEDIA, kind: 'oss', addressing: 'path' },
      'addressing',
      'expected virtual: the store refuses buckets in the path',
    ],
  ])('with %s are refused at that field', (_name, source, field, message) => {
    expect(faultsOf({ media: source })).toEqual([[`document: media.${field}`, message]]);
  });

  it('P10: tell all faults of all sources at once', () => {
    const faults = faultsOf({
      'a b': MEDIA,
      one: { ...MEDIA, region: 7, presignSeconds: 0 },
      two: { ...MEDIA, kind: 's3-compatible' },
      constructor: MEDIA,
    });
    expect(faults.map(([path]) => path)).toEqual([
      'document: a b',
      'document: one.region',
      'document: one.presignSeconds',
      'document: two.endpoint',
      'document: constructor',
    ]);
  });
});

describe('credential sets', () => {
  it('of all kinds stand in one document, and are found by kind', () => {
    expect(SETS).toEqual({
      reader: { kind: 'source', keys: { accessKeyId: 'AKID', secretAccessKey: CANARY } },
      tencent: { kind: 'tencent', keys: { secretId: 'AKID', secretKey: CANARY } },
    });
  });

  it.each<[string, object, string, string]>([
    ['half a source', { accessKeyId: CANARY }, 'secretAccessKey', 'is missing'],
    ['half an account', { secretKey: CANARY }, 'secretId', 'is missing'],
    [
      'fields of two kinds',
      { secretId: 'a', secretKey: CANARY, accessKeyId: CANARY },
      'accessKeyId',
      'is not a field of a credential set, or not of its type',
    ],
    [
      'an end that is no time',
      { accessKeyId: 'a', secretAccessKey: 'b', expiresAt: CANARY },
      'expiresAt',
      'expected a time such as 2026-11-20T22:30:00Z',
    ],
    [
      'an APPID that is none',
      { secretId: 'a', secretKey: 'b', appId: CANARY },
      'appId',
      'expected digits',
    ],
  ])('with %s are refused at that field', (_name, set, field, message) => {
    const parsed = () => parseSets(documentOf({ one: set }));
    expect(parsed).toThrow(
      expect.objectContaining({ faults: [{ path: `document: one.${field}`, message }] }),
    );
    expect(parsed).not.toThrow(CANARY);
  });

  it('of one APPID are not two', () => {
    const account = { secretId: 'a', secretKey: 'b', appId: '1250000000' };
    expect(() => parseSets(documentOf({ one: account, two: account }))).toThrow(
      /two\.appId: expected another APPID than set "one"/,
    );
  });
});
