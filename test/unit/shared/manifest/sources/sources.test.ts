/** What the provider is given for an object of a source, at the moment it is sent. */
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Log } from '../../../../../shared/lib/log.ts';
import { parseSourceUrl } from '../../../../../shared/manifest/sources/address.ts';
import { parseSources, type SourceConfig } from '../../../../../shared/manifest/sources/config.ts';
import {
  createSourceCheck,
  createSources,
} from '../../../../../shared/manifest/sources/sources.ts';
import { openCredentialSets } from '../../../../../shared/stores/credential-sets.ts';
import { openFile } from '../../../../../shared/stores/documents.ts';
import { documentOf, setsOf } from '../../../../fixtures/credential-sets.ts';
import { silentLog } from '../../../../fixtures/log.ts';
import { addressFault } from '../../../../fixtures/sigv4.ts';
import { temporaryFolder } from '../../../../fixtures/stores.ts';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'canary-secret' };
const AT = new Date('2026-11-20T22:30:00Z');

function open(sources: object, { sets = {}, at = AT, log = silentLog }: Options = {}) {
  const configs = parseSources(documentOf(sources), undefined);
  return createSources({ configs: () => configs, sets: setsOf(sets), now: () => at, log });
}

interface Options {
  readonly sets?: object;
  readonly at?: Date;
  readonly log?: Log;
}

const MEDIA = { kind: 's3', bucket: 'media', region: 'eu-central-1' };
const PRIVATE = { ...MEDIA, credentials: 'reader' };

describe('what the provider is given', () => {
  it.each<[string, object, string, string]>([
    ['s3', MEDIA, 's3://media/a%20b', 'http://media.s3.eu-central-1.amazonaws.com/a%20b'],
    [
      's3 in China',
      { ...MEDIA, region: 'cn-north-1' },
      's3://media/a',
      'http://media.s3.cn-north-1.amazonaws.com.cn/a',
    ],
    [
      'oss',
      { ...MEDIA, kind: 'oss', region: 'cn-hangzhou' },
      'oss://media/a',
      'http://media.oss-cn-hangzhou.aliyuncs.com/a',
    ],
    [
      'cos',
      { ...MEDIA, kind: 'cos', bucket: 'a-1250000000', region: 'ap-shanghai' },
      'cos://a-1250000000/a',
      'http://a-1250000000.cos.ap-shanghai.myqcloud.com/a',
    ],
    [
      'obs',
      { ...MEDIA, kind: 'obs', region: 'cn-north-4' },
      'obs://media/a',
      'http://media.obs.cn-north-4.myhuaweicloud.com/a',
    ],
    [
      'gs',
      { ...MEDIA, kind: 'gs', region: 'auto' },
      'gs://media/a',
      'http://media.storage.googleapis.com/a',
    ],
    [
      'tos',
      { ...MEDIA, kind: 'tos', region: 'cn-beijing' },
      'tos://media/a',
      'http://media.tos-cn-beijing.volces.com/a',
    ],
    [
      's3-compatible',
      { ...MEDIA, kind: 's3-compatible', endpoint: 'https://store.example:9000/s3' },
      's3://media/a',
      'http://store.example:9000/s3/media/a',
    ],
    [
      'virtual hosts of one',
      { ...MEDIA, kind: 's3-compatible', endpoint: 'http://store.example', addressing: 'virtual' },
      's3://media/a',
      'http://media.store.example/a',
    ],
  ])('is the public address of a bucket without keys: %s', async (_name, source, url, expected) => {
    expect(await open({ source }).sent(url)).toBe(expected);
  });

  it('is publicUrl and the encoded key, be there keys or not', async () => {
    const source = { ...PRIVATE, publicUrl: 'http://cdn.example.com/m' };
    const sources = open({ source }, { sets: { reader: KEYS } });
    expect(await sources.sent("s3://media/a/../b'(+%2B%20%E8%A7%86).txt")).toBe(
      'http://cdn.example.com/m/a/../b%27%28%2B%2B%20%E8%A7%86%29.txt',
    );
  });

  it.each(['http://a.example/a/../b?x=%20', 'https://a.example/', 'a.example/b'])(
    'is a plain URL as it is: %s',
    async (url) => expect(await open({ source: MEDIA }).sent(url)).toBe(url),
  );

  it('P01: is signed with the path byte for byte', async () => {
    const sources = open({ source: PRIVATE }, { sets: { reader: KEYS } });
    const sent = await sources.sent('s3://media/a/../b/./c%5C//d');
    expect(
      sent.startsWith('http://media.s3.eu-central-1.amazonaws.com/a/../b/./c%5C//d?X-Amz-'),
    ).toBe(true);
    const url = sent.slice('http://media.s3.eu-central-1.amazonaws.com'.length);
    const request = {
      method: 'GET',
      url,
      headers: { host: 'media.s3.eu-central-1.amazonaws.com' },
      bytes: Buffer.alloc(0),
    };
    expect(addressFault(request, KEYS.secretAccessKey, AT)).toBeUndefined();
  });

  it('P05: is signed for the regional host', async () => {
    const source = { ...PRIVATE, kind: 'oss', region: 'cn-hangzhou' };
    const sent = await open({ source }, { sets: { reader: KEYS } }).sent('oss://media/a');
    expect(sent.startsWith('http://media.s3.oss-cn-hangzhou.aliyuncs.com/a?')).toBe(true);
  });
});

const signedParts = (url: string) => {
  const query = new URL(url).searchParams;
  return [query.get('X-Amz-Date'), query.get('X-Amz-Expires')];
};

describe('the life of a signed address', () => {
  it('P08: begins a minute ago and lasts a day', async () => {
    const sources = open({ source: PRIVATE }, { sets: { reader: KEYS } });
    expect(signedParts(await sources.sent('s3://media/a'))).toEqual(['20261120T222900Z', '86400']);
  });

  it('P08: stays within the seven days of the protocol', async () => {
    const source = { ...PRIVATE, presignSeconds: 604_800 };
    const sent = await open({ source }, { sets: { reader: KEYS } }).sent('s3://media/a');
    expect(signedParts(sent)).toEqual(['20261120T222900Z', '604800']);
  });

  it('P02: ends with the keys that signed it', async () => {
    const expiresAt = '2026-11-20T23:10:00Z';
    const reader = { ...KEYS, sessionToken: 'IQoJ+/=', expiresAt };
    const sent = await open({ source: PRIVATE }, { sets: { reader } }).sent('s3://media/a');
    expect(signedParts(sent)).toEqual(['20261120T222900Z', String(41 * 60)]);
    expect(new URL(sent).searchParams.get('X-Amz-Security-Token')).toBe('IQoJ+/=');
  });

  it('P02: is none when the keys end within 15 minutes', async () => {
    const sets = (expiresAt: string) => ({ reader: { ...KEYS, expiresAt } });
    const sent = (time: string) =>
      open({ source: PRIVATE }, { sets: sets(time) }).sent('s3://media/a');
    await expect(sent('2026-11-20T22:44:59Z')).rejects.toMatchObject({
      code: 'SOURCE_KEYS_END',
      class: 'credentials',
      message: expect.stringMatching(/credential set "reader".*source "source"/),
    });
    expect(await sent('2026-11-20T22:45:00Z')).toContain('X-Amz-Expires=960');
  });

  it('P02: of temporary keys without a known end is warned of once', async () => {
    const warned: unknown[] = [];
    const log = { ...silentLog, warn: (...line: unknown[]) => void warned.push(line) };
    const sets = { reader: { ...KEYS, sessionToken: 'token' } };
    const sources = open({ source: PRIVATE }, { sets, log });
    await sources.sent('s3://media/a');
    await sources.sent('s3://media/b');
    expect(warned).toEqual([['source.end-unknown', { source: 'source', credentials: 'reader' }]]);
  });

  it('P02: goes on with renewed keys, which are read from the file without a restart', async () => {
    const file = join(temporaryFolder(), 'sets.json');
    const write = (expiresAt: string, time: Date) => {
      writeFileSync(file, JSON.stringify({ reader: { ...KEYS, expiresAt } }));
      utimesSync(file, time, time);
    };
    write('2026-11-20T22:31:00Z', new Date(1_000));
    let time = 0;
    const document = openFile(file, 'WAYBILL_CREDENTIALS_FILE', { expected: '', now: () => time });
    const configs = parseSources(documentOf({ source: PRIVATE }), undefined);
    const sets = openCredentialSets(document);
    const sources = createSources({ configs: () => configs, sets, now: () => AT });
    await expect(sources.sent('s3://media/a')).rejects.toMatchObject({ code: 'SOURCE_KEYS_END' });
    write('2026-11-21T22:31:00Z', new Date(2_000));
    time = 1_000;
    expect(await sources.sent('s3://media/a')).toContain('X-Amz-Signature=');
    // A change that can't be used leaves what is known.
    writeFileSync(file, '{"rea');
    time = 2_000;
    expect(await sources.sent('s3://media/a')).toContain('X-Amz-Signature=');
  });
});

describe('a line that names an object of a source', () => {
  const check = createSourceCheck(
    open({
      media: MEDIA,
      one: { ...MEDIA, bucket: 'both' },
      two: { ...MEDIA, kind: 's3-compatible', endpoint: 'http://a.example', bucket: 'both' },
      photos: { ...MEDIA, kind: 'oss', bucket: 'photos', region: 'cn-hangzhou' },
      cdn: {
        ...MEDIA,
        kind: 'oss',
        bucket: 'cdn',
        region: 'cn-hangzhou',
        publicUrl: 'http://c.example',
      },
    }),
  );
  const faultOf = (url: string) => {
    const address = parseSourceUrl(url);
    if ('fault' in address) throw new Error(address.fault);
    return check(address);
  };

  it.each([
    's3://media/a',
    's3://media@media/a',
    's3://one@both/a',
    's3://two@both/a',
    'oss://cdn/a.apk',
  ])('%s is sent', (url) => expect(faultOf(url)).toBeUndefined());

  it.each([
    ['s3://other/a', 'URL_SOURCE_UNKNOWN', /no source in WAYBILL_SOURCES_FILE/],
    ['oss://media/a', 'URL_SOURCE_UNKNOWN', /no source in WAYBILL_SOURCES_FILE/],
    ['s3://one@media/a', 'URL_SOURCE_UNKNOWN', /no source of this name/],
    [
      's3://both/a',
      'URL_SOURCE_UNKNOWN',
      /several sources .*\(one, two\): expected s3:\/\/<source>@<bucket>\/<key>/,
    ],
  ])('%s is quarantined: %s', (url, reason, message) => {
    expect(faultOf(url)).toMatchObject({ reason, message: expect.stringMatching(message) });
  });

  it.each(['oss://photos/app/a.apk', 'oss://photos/app/b.IPA'])(
    'P09: %s is sent through publicUrl alone',
    (url) => expect(faultOf(url)).toMatchObject({ reason: 'URL_SOURCE_DOMAIN' }),
  );

  it('P09: other names go through the default domain', () => {
    expect(faultOf('oss://photos/app/a.txt')).toBeUndefined();
    expect(faultOf('s3://media/a.apk')).toBeUndefined();
  });
});

describe('P02: a signed address lasts', () => {
  const lifeOf = (reader: object, source: object = PRIVATE) => {
    const sources = open({ media: source }, { sets: { reader: { ...KEYS, ...reader } } });
    return sources.life(sources.all()[0] as SourceConfig);
  };

  it('a day, or as long as its source says', async () => {
    const whole = { endsWithKeys: false, areTemporary: false };
    expect(await lifeOf({})).toEqual({ seconds: 86_400, ...whole });
    expect(await lifeOf({}, { ...PRIVATE, presignSeconds: 60 })).toEqual({ seconds: 60, ...whole });
    expect(await lifeOf({}, MEDIA)).toBeUndefined();
  });

  it('no longer than the keys that sign it', async () => {
    const sessionToken = 'token';
    const [soon, late] = ['2026-11-20T23:10:00Z', '2026-11-30T00:00:00Z'];
    expect(await lifeOf({ sessionToken, expiresAt: soon })).toEqual({
      seconds: 2_400,
      endsWithKeys: true,
      keysEndAt: new Date(soon),
      areTemporary: true,
    });
    expect(await lifeOf({ sessionToken, expiresAt: late })).toMatchObject({
      seconds: 86_400,
      endsWithKeys: false,
    });
    expect(await lifeOf({ sessionToken, expiresAt: '2026-11-20T22:00:00Z' })).toMatchObject({
      seconds: 0,
      endsWithKeys: true,
    });
    expect(await lifeOf({ sessionToken })).toMatchObject({
      endsWithKeys: false,
      areTemporary: true,
    });
  });
});
