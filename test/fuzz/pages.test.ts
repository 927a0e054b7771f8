/** Pages of lists as stores write them, and as none should: a list is whole and in order, or one named error. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WaybillError } from '../../shared/lib/errors.ts';
import { compareKeys, type ListOptions, listPages } from '../../shared/lib/s3/list.ts';
import type { ListedObject } from '../../shared/lib/s3/list-page.ts';
import { parseXml } from '../../shared/lib/xml.ts';
import { readCase } from '../fixtures/cases.ts';
import { CANARY, corpusCases, fuzz, mutants, outcomeOf, readCorpus } from '../fixtures/fuzz.ts';

type Query = Readonly<Record<string, string>>;

/** What a store may be asked before it is plain that the list has no end. */
const MAX_ASKED = 20_000;

/** All objects that a store lists, or the error that ends the list. */
const readAll = (
  answer: (query: Query, asked: number) => string,
  options: Partial<ListOptions> = {},
) =>
  outcomeOf(async () => {
    let asked = 0;
    const bucket = {
      name: 'media',
      async ask({ query = [] }: { readonly query?: readonly (readonly [string, string])[] }) {
        asked += 1;
        if (asked > MAX_ASKED) throw new Error('the list has no end');
        return { text: answer(Object.fromEntries(query), asked) };
      },
    };
    const objects: ListedObject[] = [];
    for await (const page of listPages(bucket, { prefix: '', ...options }))
      objects.push(...page.objects);
    return objects;
  });

const escapeXml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&#34;')
    .replaceAll('\r', '&#xD;');

const encodeForm = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+');

interface Habits {
  readonly version: 1 | 2;
  readonly pageKeys: number;
  readonly honoursEncoding: boolean;
  readonly givesNextMarker: boolean;
  readonly encodesMarker: boolean;
  readonly mark: string;
}

/** A store with these keys, in the order of bytes. */
const storeOf = (keys: readonly string[], habits: Habits) => (query: Query) => {
  const { version, pageKeys, honoursEncoding, givesNextMarker, encodesMarker, mark } = habits;
  const after = query['continuation-token'] ?? query['marker'] ?? query['start-after'];
  const behind = keys.filter((key) => after === undefined || compareKeys(key, after) > 0);
  const page = behind.slice(0, pageKeys);
  const isTruncated = behind.length > page.length;
  const isEncoded = honoursEncoding && query['encoding-type'] === 'url';
  const write = (text: string) => escapeXml(isEncoded ? encodeForm(text) : text);
  const isVersion2 = version === 2 && query['list-type'] === '2';
  const last = page.at(-1) ?? '';
  const next = isVersion2
    ? `<NextContinuationToken>${escapeXml(last)}</NextContinuationToken>`
    : givesNextMarker
      ? `<NextMarker>${encodesMarker ? write(last) : escapeXml(last)}</NextMarker>`
      : '';
  const contents = page.map(
    (key) =>
      `<Contents><Key>${write(key)}</Key><Size>${key.length}</Size><ETag>&#34;e&#34;</ETag></Contents>`,
  );
  return `${mark}<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><Name>media</Name>${isVersion2 ? '' : '<Marker></Marker>'}${isEncoded ? '<EncodingType>url</EncodingType>' : ''}${contents.join('')}<IsTruncated>${isTruncated}</IsTruncated>${isTruncated ? next : ''}</ListBucketResult>`;
};

const habits: fc.Arbitrary<Habits> = fc.record({
  version: fc.constantFrom(1, 2),
  pageKeys: fc.integer({ min: 1, max: 4 }),
  honoursEncoding: fc.boolean(),
  givesNextMarker: fc.boolean(),
  encodesMarker: fc.boolean(),
  mark: fc.constantFrom('', '\ufeff', ' \n'),
});

/** Whether XML can hold it. */
const isText = (text: string): boolean => parseXml(`<a>${escapeXml(text)}</a>`) !== undefined;

const textOfXml = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }).filter(isText);

const keys = fc
  .uniqueArray(
    fc.oneof(
      textOfXml,
      fc.constantFrom(
        ' ',
        ' a ',
        'a&b',
        '%',
        '%41',
        'a+b',
        '&#39;',
        ']]>',
        '\t',
        'a\nb',
        'a\rb',
        '\u{1f4c1}/',
        '\uffee',
      ),
    ),
    { maxLength: 9 },
  )
  .map((all) => all.sort(compareKeys));

describe('pages of the corpus', () => {
  it.each(corpusCases<{ readonly says?: string; readonly keys?: readonly string[] }>('pages'))(
    '%s',
    async (_name, bytes, { says, keys }) => {
      const outcome = await readAll(() => bytes.toString('utf8'));
      if (outcome instanceof WaybillError) expect(outcome.message).toContain(says ?? 'no error');
      else expect(outcome.map(({ key }) => key)).toEqual(keys);
    },
  );
});

it('G1: every key of a store comes once and in order, whatever the keys and the habits of the store are', async () => {
  const input = fc.record({
    keys,
    habits,
    version: fc.constantFrom<(1 | 2)[]>(1, 2),
    isEncoded: fc.boolean(),
  });
  await fuzz(input, 250, async ({ keys, habits, ...options }) => {
    const outcome = await readAll(storeOf(keys, habits), options);
    if (outcome instanceof WaybillError) throw outcome;
    expect(outcome.map(({ key }) => key)).toEqual(keys);
  });
});

const PAGES = [
  'v1-encoded/page-1.xml',
  'v1-no-next-marker/page-1.xml',
  'token-without-keys/page-1.xml',
  'token-without-keys/page-2.xml',
  'control-character.xml',
  'truncated-without-token.xml',
].map((name) => Buffer.from(readCase(`listing/${name}`)));

const TOKENS = [
  ...[
    '&',
    '&amp;',
    '&#0;',
    '&#xFFFF;',
    '&lol;',
    '<',
    '>',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?a?>',
    '\0',
    '\u0001',
    '\ufeff',
    '%',
    '%zz',
    '+',
  ],
  ...[
    '<Key/>',
    '<Key>a</Key>',
    '<Key><b/></Key>',
    '<Contents>',
    '</Contents>',
    '<Contents/>',
    '<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>',
  ],
  ...[
    '<IsTruncated>true</IsTruncated>',
    '<NextMarker>a</NextMarker>',
    '<NextContinuationToken>t</NextContinuationToken>',
    '<EncodingType>url</EncodingType>',
  ],
  '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
  `<Name>http://h/a?X-Amz-Signature=${CANARY}</Name>`,
];

describe('G9: whatever the pages are', () => {
  it('a list ends, with named objects or one named error', async () => {
    const page = fc.oneof(
      mutants([...PAGES, ...readCorpus('pages').values()], TOKENS).map(String),
      fc.record({ keys, habits }).map(({ keys, habits }) => storeOf(keys, habits)({})),
    );
    const input = fc.record({
      pages: fc.array(page, { minLength: 1, maxLength: 4 }),
      picks: fc.array(fc.nat(), { minLength: 1 }),
      version: fc.constantFrom<(1 | 2)[]>(1, 2),
      delimiter: fc.constantFrom(undefined, '/'),
    });
    await fuzz(input, 250, async ({ pages, picks, version, delimiter }) => {
      const outcome = await readAll(
        (_query, asked) => pages[(picks[asked % picks.length] ?? 0) % pages.length] ?? '',
        { version, ...(delimiter !== undefined && { delimiter }) },
      );
      if (outcome instanceof WaybillError) return;
      const text = pages.join('').replaceAll('+', ' ');
      for (const { key } of outcome) {
        expect(key).not.toBe('');
        if (/^\w+$/.test(key)) expect(text).toContain(key);
      }
    });
  });

  it('a list whose pages name nothing, each with a new token, ends with an error', async () => {
    const outcome = await readAll(
      (_query, asked) =>
        `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t${asked}</NextContinuationToken></ListBucketResult>`,
    );
    expect(outcome).toMatchObject({ code: 'LIST_REPEATS' });
  });
});
