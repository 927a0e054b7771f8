/** Keys and addresses that look good and aren't, and fixes that name the same object. */
import { domainToASCII } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchesText } from '../../../../shared/api/fetches.ts';
import { fetchesBody, parseBody } from '../../../../shared/api/requests.ts';
import { splitCsvLine } from '../../../../shared/lib/csv.ts';
import { findFault, findWarnings } from '../../../../shared/manifest/lint.ts';
import { readCase } from '../../../fixtures/cases.ts';
import { plan, readShard } from './reading.ts';
import { type CountingStore, openStore } from './store.ts';

let store: CountingStore;
beforeEach(() => {
  store = openStore();
});
afterEach(() => store[Symbol.dispose]());

const options = { allowHttps: false };

/** Lines sent, quarantined as `[line, reason, fix]`, and warned alike; lines from 1. */
async function read(content: string, format: 'csv' | 'jsonl' = 'csv') {
  const { shards } = await plan(store, content, 1e9, format);
  const { transfers, quarantined, reading } = await readShard(store, shards[0] as never);
  const told = (found: readonly { line: number; reason: string; fix?: string }[]) =>
    found.map(({ line, reason, fix }) => [line + 1, reason, fix]);
  return {
    sent: transfers.map(({ line, key }) => [line + 1, key]),
    quarantined: told(quarantined),
    messages: quarantined.map(({ message }) => message),
    warned: told(reading.warnings),
  };
}

const fetches = (...objects: { url: string; key: string }[]) =>
  parseBody(
    fetchesBody(false),
    JSON.stringify({ region: 'ap-shanghai', bucket: 'examplebucket-1250000000', objects }),
  );

describe('a suggested fix', () => {
  it('is left out where it would name another object', async () => {
    const csv = await read(readCase('fix-names-another-object/input.csv'));
    expect(csv.quarantined).toEqual([
      [2, 'URL_NOT_ENCODED', undefined],
      [3, 'URL_NOT_ENCODED', undefined],
      [4, 'CSV_QUOTE', undefined],
    ]);
    const json = await read(readCase('fix-names-another-object/input.jsonl'), 'jsonl');
    expect(json.quarantined).toEqual([[1, 'KEY_DOTS', undefined]]);
  });

  it.each([
    ['http://a.example#frag@b.example/x y'],
    ['http://a.example#x y'],
    ['https://a.example:8443/b'],
    ['https://a.example:443/b c'],
    ['https://a..example/b'],
    ['https://user:word@a.example/b'],
    ['https://a.example/b?X-Amz-Signature=0f'],
    ['http://a.example/b c?token=0f'],
    ['//a.example:99999/b'],
  ])('is left out for the url %s', (url) => {
    const fault = findFault({ url, key: 'k', md5: '' }, options);
    expect([typeof fault?.reason, fault?.fix]).toEqual(['string', undefined]);
  });

  it.each([
    ['a,5" disk', '"5"" disk"'],
    ['http://a.example/1, "b,c"', undefined],
    ['http://a.example/a"b,c"d.jpg,key', undefined],
    ['http://a.example/a"b,key', undefined],
  ])('of a stray quote in %s is %s', (line, fix) => {
    const fault = splitCsvLine(line);
    expect('reason' in fault && [fault.reason, fault.fix]).toEqual(['CSV_QUOTE', fix]);
  });

  const piece = fc.constantFrom(
    ...['http://', 'https://', '//', 'a.example', '/', '\\', ' ', '#', '?', '%', '%41', '%zz', '@'],
    ...['"', 'ü', '视', ':', '443', '.', '..', 'u:p@', 'token=1', '\u200b', '\u00a0', 'b', '[::1]'],
  );
  const text = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(''));
  const url = fc.oneof(
    text,
    text.map((rest) => `http://a.example/${rest}`),
  );

  /** Host, and the bytes behind it, whatever the scheme. */
  const objectOf = (address: string) => {
    const bare = address.replace(/^[\s\u200b]+|[\s\u200b]+$/g, '').replace(/^(?:https?:)?\/\//, '');
    const [, host = '', rest = ''] = /^([^/?:]*)(.*)$/s.exec(bare) ?? [];
    const bytes = Buffer.from(rest)
      .toString('latin1')
      .replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
    return [/[^\0-\x7f]/.test(host) ? domainToASCII(host) : host, bytes];
  };

  it('of a url names the same object and passes all rules', () => {
    let fixed = 0;
    const same = fc.property(url, (given) => {
      const fields = { url: given, key: 'k', md5: '' };
      const found = [findFault(fields, options), ...findWarnings(fields, options)];
      for (const fix of found.flatMap((each) => each?.fix ?? [])) {
        fixed += 1;
        expect(objectOf(fix)).toEqual(objectOf(given));
        expect(findFault({ ...fields, url: fix }, options)).toBeUndefined();
        expect(findWarnings({ ...fields, url: fix }, options)).toEqual([]);
      }
    });
    fc.assert(same, { numRuns: 20_000 });
    expect(fixed).toBeGreaterThan(100);
  });

  it('of a key passes all rules and drops only what the rules name', () => {
    const key = fc.array(fc.constantFrom('/', '\\', ' ', '\u3000', 'a', '.', '..', '%20', '%2F'), {
      maxLength: 6,
    });
    const same = fc.property(
      key.map((parts) => parts.join('')),
      (given) => {
        const fields = {
          url: `http://a.example/${given.replace(/[ \u3000\\]/g, '')}`,
          key: given,
          md5: '',
        };
        if (findFault(fields, options)) return;
        for (const { fix, reason } of findWarnings(fields, options)) {
          if (fix === undefined) continue;
          expect(findFault({ ...fields, key: fix }, options)).toBeUndefined();
          if (reason === 'KEY_ENCODED') expect(fix).toBe(decodeURIComponent(given));
          else expect(fix).toBe(given.replace(/^[/\\ \u3000]+|[ \u3000]+$/g, ''));
        }
      },
    );
    fc.assert(same, { numRuns: 5_000 });
  });
});

describe('G9: a key that resolves to another one', () => {
  const CASE = readCase('keys-that-mean-the-bucket/input.jsonl');
  const objects = CASE.trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { url: string; key: string });

  it('is quarantined', async () => {
    const { quarantined, sent, warned, messages } = await read(CASE, 'jsonl');
    expect(quarantined).toEqual([1, 2, 3, 4, 5, 6, 7].map((line) => [line, 'KEY_DOTS', undefined]));
    expect(messages.slice(0, 6).every((message) => message.includes('the bucket itself'))).toBe(
      true,
    );
    expect(messages[6]).toContain('another key');
    expect([sent, warned]).toEqual([[[8, 'a//b']], []]);
  });

  it('is refused by POST /fetches, which names each', () => {
    const refused = () => fetches(...objects);
    expect(refused).toThrow(
      expect.objectContaining({
        code: 'BODY_INVALID',
        errors: objects.slice(0, 7).map((_, at) => ({
          path: `objects[${at}].key`,
          message: expect.stringContaining('resolves to'),
        })),
      }),
    );
  });

  it.each(['...', 'a/..b', '.a/b', 'a./b', 'a//b', 'a/', '%2e%2e/a'])('is not %s', async (key) => {
    expect(findFault({ url: 'http://a.example/x', key, md5: '' }, options)).toBeUndefined();
    const { sent, warned } = await read(`url,key\nhttp://a.example/x,${key}\n`);
    expect([sent, warned]).toEqual([[[2, key]], []]);
  });
});

describe('a key with blanks at its ends', () => {
  it('is sent as written, with a warning and the key without them as fix', async () => {
    const { sent, warned, quarantined } = await read(readCase('outer-blanks-in-keys/input.csv'));
    expect(sent).toEqual([
      [2, ' a.txt'],
      [3, 'b.txt '],
      [4, 'c.txt'],
    ]);
    expect(warned).toEqual([
      [2, 'KEY_OUTER_BLANK', 'a.txt'],
      [3, 'KEY_OUTER_BLANK', 'b.txt'],
    ]);
    expect(quarantined).toEqual([]);
  });

  it.each(['\u00a0', '\u3000', '\u200b', '\ufeff', '\u2060', '\u00ad'])(
    'may be %j',
    async (blank) => {
      const lines = [`${blank}a`, `a${blank}`, `a${blank}b`].map((key) => ({
        url: 'http://a.example/1',
        key,
      }));
      const expected = [
        [1, 'KEY_OUTER_BLANK', 'a'],
        [2, 'KEY_OUTER_BLANK', 'a'],
      ];
      const blanks = ({ warned }: Awaited<ReturnType<typeof read>>) =>
        warned.filter(([, reason]) => reason === 'KEY_OUTER_BLANK');
      const csv = lines.map(({ url: source, key }) => `${source},${key}`).join('\n');
      expect(blanks(await read(csv))).toEqual(expected);
      // What POST /fetches hands to its run.
      expect(blanks(await read(fetchesText(fetches(...lines)), 'jsonl'))).toEqual(expected);
    },
  );

  it('that is nothing but blanks has no fix', async () => {
    expect((await read('http://a.example/1,\u3000\n')).warned).toEqual([
      [1, 'KEY_OUTER_BLANK', undefined],
    ]);
  });

  it('has one fix for blanks and slashes together', async () => {
    expect((await read('http://a.example/1,/ /a \n')).warned).toEqual([
      [1, 'KEY_LEADING_SLASH', 'a'],
      [1, 'KEY_OUTER_BLANK', 'a'],
    ]);
  });
});

describe('a key that is the encoded end of its own url', () => {
  it.each([
    ['http://a.example/videos/a%20b.mp4', 'videos/a%20b.mp4', 'videos/a b.mp4'],
    ['http://a.example/videos/a%20b.mp4', 'a%20b.mp4', 'a b.mp4'],
    ['http://a.example/%e8%a7%86?v=1', '%E8%A7%86', '视'],
    ['http://a.example/get?file=a%2Fb', 'a%2Fb', 'a/b'],
    ['http://a.example/a%252520', 'a%252520', 'a%2520'],
    ['http://a.example/%D6%D0', '%D6%D0', undefined],
    ['http://a.example/x/%2E%2E/b', '%2E%2E/b', undefined],
  ])('is sent with a warning: %s, %s', async (address, key, fix) => {
    const { sent, warned } = await read(`${address},${key}\n`);
    expect(sent).toEqual([[1, key]]);
    expect(warned).toEqual([[1, 'KEY_ENCODED', fix]]);
  });

  it.each([
    ['http://a.example/a%20b.mp4', 'a b.mp4'],
    ['http://a.example/xa%20b.mp4', 'a%20b.mp4'],
    ['http://a.example/100%25', '100%'],
    ['http://a.example/a%20b/c', 'a%20b'],
  ])('is not: %s, %s', async (address, key) => {
    expect((await read(`${address},${key}\n`)).warned).toEqual([]);
  });
});

describe('G9: an address that nobody can dial', () => {
  it('is quarantined with a word about its port or host', async () => {
    const { quarantined, messages, sent } = await read(readCase('undialable-addresses/input.csv'));
    expect(quarantined).toEqual([2, 3, 4, 5, 6, 7, 8].map((line) => [line, 'URL_HOST', undefined]));
    expect(messages.map((message) => /port|empty label|IPv4|IPv6/.exec(message)?.[0])).toEqual([
      ...['port', 'port', 'port', 'empty label', 'IPv4', 'IPv4', 'IPv6'],
    ]);
    expect(sent.map(([, key]) => key)).toEqual(['good', 'good2', 'good3']);
  });

  it.each([
    'http://a.example:123456/b',
    'http://.a.example/b',
    'http://a.example../b',
    'http://0x1.0x2.0x3.0x4.0x5/b',
    `http://${'a'.repeat(64)}.example/b`,
    `http://${'a.'.repeat(127)}aa/b`,
    'http://user@1.2.3.4.5/b',
    'a..example/b',
    'a.example:70000/b',
  ])('is %s', (address) => {
    expect(findFault({ url: address, key: 'k', md5: '' }, options)?.reason).toMatch(
      /URL_(HOST|SCHEME)/,
    );
  });

  it.each(['http://127.0.0.1:8787/b', 'http://localhost/b', 'http://a_b.example/b', 'http://4u/b'])(
    'is not %s',
    (address) => {
      expect(findFault({ url: address, key: 'k', md5: '' }, options)).toBeUndefined();
    },
  );
});

it('addresses with a signature under any name are sent with a warning', async () => {
  const { sent, warned, quarantined } = await read(readCase('secret-names-in-addresses/input.csv'));
  expect(warned).toEqual(
    [2, 3, 4, 5, 6, 7, 8, 9].map((line) => [line, 'URL_CREDENTIALS', undefined]),
  );
  expect([sent.length, quarantined]).toEqual([10, []]);
});
