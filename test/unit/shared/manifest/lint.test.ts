import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCsvLine } from '../../../../shared/manifest/csv.ts';
import { createPlainCsv } from '../../../../shared/manifest/csv-fast.ts';
import { findFault, findWarnings } from '../../../../shared/manifest/lint.ts';
import { listedFields } from '../../../../shared/manifest/listed.ts';
import { foldKey } from '../../../../shared/manifest/similar-keys.ts';
import { plan, readShard, readText } from './reading.ts';
import { type CountingStore, openStore } from './store.ts';

let store: CountingStore;
beforeEach(() => {
  store = openStore();
});
afterEach(() => store[Symbol.dispose]());

const good = { url: 'http://a.example/b', key: 'k', md5: '' };
const options = { allowHttps: false };

describe('G9: a line that cannot be sent', () => {
  it.each([
    ['URL_MISSING', { url: '' }, undefined],
    ['URL_HTTPS', { url: 'https://a.example/b?c=d' }, 'http://a.example/b?c=d'],
    ['URL_HTTPS', { url: 'HTTPS://a.example/b' }, 'http://a.example/b'],
    ['URL_SCHEME', { url: 'ftp://a.example/b' }, undefined],
    ['URL_SCHEME', { url: 'ftp://bucket/b' }, undefined],
    ['URL_SCHEME', { url: '//a.example/b' }, 'http://a.example/b'],
    ['URL_SCHEME', { url: 'http:///b' }, undefined],
    ['URL_SCHEME', { url: 'http://' }, undefined],
    ['URL_SCHEME', { url: 'videos/b.mp4' }, undefined],
    ['URL_SCHEME', { url: 'mailto:a@b.example' }, undefined],
    ['URL_SCHEME', { url: 'videos.example/b.mp4', key: 'http://a.example/b' }, undefined],
    ['URL_NOT_ENCODED', { url: 'http://a.example/b c' }, 'http://a.example/b%20c'],
    ['URL_NOT_ENCODED', { url: ' http://a.example/b ' }, 'http://a.example/b'],
    ['URL_NOT_ENCODED', { url: 'http://a.example/视频' }, 'http://a.example/%E8%A7%86%E9%A2%91'],
    ['URL_NOT_ENCODED', { url: 'http://bücher.example:81/b' }, 'http://xn--bcher-kva.example:81/b'],
    ['URL_NOT_ENCODED', { url: 'http://a.example/100%' }, 'http://a.example/100%25'],
    ['URL_NOT_ENCODED', { url: 'http://a.example/%zz%41' }, 'http://a.example/%25zz%41'],
    ['URL_NOT_ENCODED', { url: 'http://a.example/a#b' }, 'http://a.example/a%23b'],
    [
      'URL_NOT_ENCODED',
      { url: 'http://a.example/"<>\\^`{|}' },
      'http://a.example/%22%3C%3E%5C%5E%60%7B%7C%7D',
    ],
    ['URL_NOT_ENCODED', { url: 'https://a.example/b c' }, 'http://a.example/b%20c'],
    ['URL_NOT_ENCODED', { url: 'http://exa mple/b' }, undefined],
    ['KEY_EMPTY', { key: '' }, undefined],
    ['KEY_TOO_LONG', { key: 'k'.repeat(851) }, undefined],
    ['KEY_TOO_LONG', { key: '视'.repeat(284) }, undefined],
    ['LINE_CONTROL_CHARACTER', { key: 'a\tb' }, undefined],
    ['LINE_CONTROL_CHARACTER', { key: 'a\u0085b' }, undefined],
    ['LINE_CONTROL_CHARACTER', { url: 'http://a.example/\u0000' }, undefined],
    ['LINE_NOT_UTF8', { key: 'a\ud800' }, undefined],
    ['MD5_INVALID', { md5: 'd41d8cd98f00b204e9800998ecf8427' }, undefined],
    ['MD5_INVALID', { md5: 'g41d8cd98f00b204e9800998ecf8427e' }, undefined],
    ['MD5_INVALID', { md5: '1B2M2Y8AsgTpgAmY7PhCfg==' }, 'd41d8cd98f00b204e9800998ecf8427e'],
    [
      'MD5_INVALID',
      { md5: ' D41D8CD98F00B204E9800998ECF8427E' },
      'd41d8cd98f00b204e9800998ecf8427e',
    ],
  ])('is %s for %j', (reason, fields, fix) => {
    const fault = findFault({ ...good, ...fields }, options);
    expect([fault?.reason, fault?.fix]).toEqual([reason, fix]);
  });

  it('gives a fix that passes, whatever the url', () => {
    const url = fc
      .tuple(fc.constantFrom('', 'http://', 'https://', '//', ' '), fc.string({ unit: 'binary' }))
      .map(([scheme, rest]) => `${scheme}a.example/${rest}`);
    const mended = fc.property(fc.oneof(url, fc.webUrl(), fc.string()), (text) => {
      const fault = findFault({ ...good, url: text }, options);
      if (fault?.fix !== undefined)
        expect(findFault({ ...good, url: fault.fix }, options)).toBe(undefined);
    });
    fc.assert(mended, { numRuns: 2_000, examples: [['//'], ['///a'], ['//?a']] });
  });

  it.each([
    ['a line that is too long', `${'x'.repeat(65_536)}`, 'LINE_TOO_LONG'],
    ['invalid UTF-8', Buffer.from('http://a.example/b,k\xff', 'latin1'), 'LINE_NOT_UTF8'],
    ['a carriage return inside', 'http://a.example/b,a\rb', 'LINE_CONTROL_CHARACTER'],
    ['too few columns', 'http://a.example/b', 'CSV_COLUMNS'],
    ['an open quote', '"http://a.example/b,k', 'CSV_QUOTE'],
  ])('is quarantined for %s, and its neighbours are sent', async (_, line, reason) => {
    const neighbour = Buffer.from('\nhttp://a.example/1,k1\r\n');
    const content = Buffer.concat([neighbour, Buffer.from(line as string), neighbour]);
    const { transfers, quarantined } = await readText(store, content);
    expect(transfers.map((transfer) => transfer.line)).toEqual([1, 3]);
    expect(quarantined.map((found) => [found.line, found.reason])).toEqual([[2, reason]]);
  });

  it('takes a line of 65,535 bytes', async () => {
    const note = 'x'.repeat(65_535 - 22);
    const line = `http://a.example/b,k,,${note}`;
    const { shards } = await plan(store, `url,key,md5,note\n${line}\r\n${line}x\n`, 1e9);
    const { transfers } = await readShard(store, shards[0] as never);
    expect(transfers.map((transfer) => transfer.line)).toEqual([1]);
  });
});

describe('a line that can be sent', () => {
  it.each([
    { key: 'k'.repeat(850) },
    { key: '%41 +?#<>"\\ 视频' },
    { url: 'http://a.example' },
    { url: 'HTTP://[::1]:8080/b' },
    { url: "http://a.example:8080/%E8%A7%86?x=[1]&y=(~*'!)" },
    { md5: 'D41D8CD98F00B204E9800998ECF8427E' },
  ])('may have %j', (fields) => {
    expect(findFault({ ...good, ...fields }, options)).toBe(undefined);
    expect(findWarnings({ ...good, ...fields }, options)).toEqual([]);
  });

  it('may be https where that is allowed', async () => {
    const line = 'x\nhttps://a.example/b,k\n"https://a.example/b c",k2\n';
    const { transfers, quarantined } = await readText(store, line, { allowHttps: true });
    expect(transfers.map(({ url }) => url)).toEqual(['https://a.example/b']);
    expect(quarantined[1]?.fix).toBe('https://a.example/b%20c');
  });

  it.each([
    ['URL_NO_SCHEME', { url: 'examplebucket-1250000000.cos.ap-shanghai.myqcloud.com/doc' }],
    ['KEY_LEADING_SLASH', { key: '/videos/a.mp4' }],
    ['KEY_LEADING_SLASH', { key: '\\videos' }],
  ])('is sent with the warning %s for %j', (reason, fields) => {
    const warnings = findWarnings({ ...good, ...fields }, options);
    expect(warnings.map((warning) => warning.reason)).toEqual([reason]);
    expect(findFault({ ...good, ...fields }, options)).toBe(undefined);
  });

  it.each([
    'http://user:pass@a.example/b',
    'http://a.example/b?X-Amz-Algorithm=AWS4&X-Amz-Signature=0f',
    'http://a.example/b?q-sign-algorithm=sha1&q-signature=0f',
    'http://a.example/b?OSSAccessKeyId=x&Expires=1&Signature=y',
    'http://a.example/b?sv=2020&sig=abc%3D',
    'http://a.example/b?token=abc',
    'http://a.example/b?a=1&access_token=abc',
    'http://a.example/b?X-Goog-Credential=abc',
    'http://a.example/b?x-cos-security-token=abc',
  ])('is sent with a warning for the credentials in %s', (url) => {
    const warnings = findWarnings({ ...good, url }, options);
    expect(warnings.map(({ reason }) => reason)).toEqual(['URL_CREDENTIALS']);
    expect(findFault({ ...good, url }, options)).toBe(undefined);
    expect(JSON.stringify(warnings)).not.toMatch(/pass@|=0f|abc/);
  });

  it.each([
    'http://a.example/b?design=1',
    'http://a.example/token=1',
    'http://a.example/b?tokens=3',
  ])('is not suspected of credentials for %s', (url) =>
    expect(findWarnings({ ...good, url }, options)).toEqual([]),
  );

  it('reads byte order mark, CRLF, upper-case MD5 and JSON', async () => {
    const md5 = 'D41D8CD98F00B204E9800998ECF8427E';
    const csv = await readText(store, `\ufeffurl,key,md5\r\nhttp://a.example/b,视频,${md5}\r\n`);
    const json = await readText(
      store,
      `\ufeff{"Url":"http://a.example/b","Key":"视频","MD5":"${md5}"}\r\n`,
      { format: 'jsonl' },
    );
    for (const { transfers } of [csv, json]) {
      expect(transfers).toMatchObject([
        { url: 'http://a.example/b', key: '视频', md5: md5.toLowerCase() },
      ]);
    }
    expect(csv.reading.tally).toMatchObject({ header: 1, transfers: 1, lines: 2 });
  });
});

describe('the fast lane', () => {
  const piece = fc.constantFrom(
    'http://a.example/',
    'https://a.example/',
    'http://',
    'a.example/',
    'b',
    '%41',
    '%4',
    '%zz',
    '?x=1',
    '?token=1',
    '@',
    '#',
    ' ',
    '"',
    '""',
    ',',
    '\r',
    '\t',
    '\u0085',
    '视',
    'é',
    'K',
    '/',
    '\\',
    'k'.repeat(849),
    'd41d8cd98f00b204e9800998ecf8427e',
    'D41D8CD98F00B204E9800998ECF8427E',
    'http://b.example:81/',
    's3://media/',
    'oss://a@media/',
    'cos://ap-shanghai/',
    'app.apk',
    '[::1]',
    'http://a..example/',
    'http://b.example:0/',
    'http://1.2.3.4.5/',
    '.',
    '..',
    '=',
    ';sig=1',
    '~hmac=1',
    '%20',
    '\u3000',
    '-',
    '0',
    '18446744073709551615',
    '2026-11-20T10:00:00Z',
    '2026-11-20 10:00:00 UTC',
    'ignore',
  );
  const field = fc.array(piece, { maxLength: 3 }).map((parts) => parts.join(''));
  const likelyUrl = fc.constantFrom('http://a.example/b', 's3://media/b', 's3://media/a.apk');
  const noApps = { reason: 'URL_SOURCE_DOMAIN', message: 'no apps' } as const;
  const checked = {
    ...options,
    checkSource: ({ key }: { key: string }) => (key.endsWith('.apk') ? noApps : undefined),
  };
  const likely = fc.tuple(
    fc.oneof(likelyUrl, field),
    fc.oneof(fc.constant('k'), field),
    fc.oneof(fc.constant('d41d8cd98f00b204e9800998ecf8427e'), fc.constant(''), likelyUrl, field),
  );
  const line = fc
    .tuple(likely, fc.constantFrom(2, 3))
    .map(([fields, count]) => fields.slice(0, count))
    .chain((fields) =>
      fc.constantFrom(
        fields.join(','),
        fields.map((text) => `"${text}"`).join(','),
        `${fields.join(',')}\r`,
      ),
    );

  it.each([
    { url: 0, key: 1, md5: 2, count: 3 },
    { url: 2, key: 0 },
    { url: 0, key: 1, count: 2 },
    { url: 0, key: 1, size: 2, count: 3 },
    { url: 0, key: 1, etag: 2, count: 3 },
    { url: 0, key: 1, crc64: 2, md5: 3 },
    { url: 0, key: 1, modified: 2, count: 3 },
    { url: 0, key: 1, onKeyExist: 2, size: 1_000 },
  ])('takes only lines that the rules pass, and reads them alike, columns %j', (columns) => {
    const take = createPlainCsv(columns, checked);
    let [taken, sources] = [0, 0];
    const alike = fc.property(line, (text) => {
      const bytes = Buffer.from(`${text}\n`);
      const plain = { url: '', key: '', folded: false, md5: '', listed: undefined, end: 0 };
      if (!take(bytes, bytes.toString('latin1'), 0, plain)) return;
      taken += 1;
      const fields = parseCsvLine(text.replace(/\r$/, ''), columns);
      expect(fields).toMatchObject({ url: plain.url, key: plain.key, md5: expect.anything() });
      if ('reason' in fields) return;
      expect(plain.md5).toBe(fields.md5.toLowerCase());
      expect(plain.listed).toEqual(listedFields(fields.listed));
      expect(findFault(fields, checked)).toBe(undefined);
      expect(findWarnings(fields, checked)).toEqual([]);
      sources += Number(plain.url.startsWith('s3:'));
      if (plain.folded) expect(foldKey(plain.key)).toBe(plain.key);
      expect(plain.end).toBe(bytes.length);
    });
    // First of all, before any origin has been seen.
    const examples: [string][] = [['//o.example/a,k,'], ['k,,//o.example/a']];
    fc.assert(alike, { numRuns: 20_000, examples });
    expect(taken).toBeGreaterThan(100);
    expect(sources).toBeGreaterThan(20);
  });
});

it('folds keys that differ in case or Unicode form to one text, and no others by shortcut', () => {
  const tricky = fc.constantFrom(
    ...'aAéÉｆ①ﬁßİıΣς가각ㄱ',
    ...'\u0301\u1100\u1161\u11a8か\u3099ガ視视',
  );
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: tricky }));
  fc.assert(
    fc.property(text, (key) => {
      expect(foldKey(key)).toBe(key.normalize('NFKC').toLowerCase().normalize('NFKC'));
    }),
    { numRuns: 5_000 },
  );
});
