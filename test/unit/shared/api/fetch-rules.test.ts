/** The rules of an object in `POST /fetches` and their JSON Schema say the same of source addresses. */
import fc from 'fast-check';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { fetchFields } from '../../../../shared/api/fetch-rules.ts';
import { findFault } from '../../../../shared/manifest/lint.ts';

const { url } = fetchFields(false);

const piece = fc.constantFrom(
  ...[
    's3',
    'oss',
    'cos',
    'obs',
    'gs',
    'tos',
    'S3',
    '://',
    '/',
    '@',
    '.',
    '..',
    '-',
    '+',
    '?',
    '%3F',
  ],
  ...[
    'media',
    'a',
    'media@',
    'ap-shanghai',
    'cn-north-4',
    'examplebucket-1250000000',
    '%',
    ' ',
    'é',
  ],
  ...['%41', '%e8%a7%86', '%E8%A7', '%ed%a0%80', '%F0%9F%98%80', '%f4%90%80%80', '%C0%80', '%00'],
);
const bucket = fc.constantFrom(
  'media',
  'cn-north-4',
  'ap-shanghai',
  'm',
  'examplebucket-1250000000',
);
const scheme = fc.constantFrom('s3', 'oss', 'cos', 'obs', 'gs', 'tos');
const sourceUrl = fc
  .tuple(scheme, fc.constantFrom('', 'media@', 'a:b@'), bucket, fc.array(piece))
  .map(([kind, source, name, rest]) => `${kind}://${source}${name}/${rest.join('')}`);
const anyUrl = fc.array(piece).map((pieces) => pieces.join(''));

it('take the same addresses', () => {
  const agree = fc.property(fc.oneof(sourceUrl, anyUrl), (text) => {
    const isSound =
      findFault({ url: text, key: 'k', md5: '' }, { allowHttps: false }) === undefined;
    expect(v.safeParse(url, text).success).toBe(isSound);
  });
  fc.assert(agree, { numRuns: 3_000, examples: [['s3.-/'], ['a.-b/'], ['a.b-:80/']] });
});

it.each(['s3://media/a%20b', 'cos://media@examplebucket-1250000000/a', 'obs://media/%E8%A7%86'])(
  'take %s',
  (text) => expect(v.is(url, text)).toBe(true),
);
