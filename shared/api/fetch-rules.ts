/**
 * The rules of one object in `POST /fetches`: those of a manifest's line, and what the OpenAPI document
 * says of them in JSON Schema. A form that the patterns don't know is refused, so both say the same.
 */
import * as v from 'valibot';
import { ON_KEY_EXIST } from '../ledger/listed-fields.ts';
import { inJson } from '../lib/validate.ts';
import { type Fields, findFault } from '../manifest/lint.ts';
import { parseSourceUrl } from '../manifest/sources/address.ts';
import { parseTarget } from '../manifest/target-address.ts';
import { KEY_LIMIT_BYTES } from '../manifest/target-key.ts';

/** What no rule finds anything in. */
const SOUND: Fields = { url: 'http://a.example/', key: 'k', md5: '' };

const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
/** No number: hosts that end in one are addresses. */
const LAST = `(?![0-9]+[.:/?]|[0-9]+$|0[Xx][0-9A-Fa-f]*[.:/?]|0[Xx][0-9A-Fa-f]*$)${LABEL}`;
const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const HEX = '[0-9A-Fa-f]{1,4}';
/** `::` stands for one group or more. */
const V6 = [
  `(?:${HEX}:){7}${HEX}`,
  ...Array.from({ length: 8 }, (_, left) => {
    const before = left === 0 ? '' : `${HEX}${`:${HEX}`.repeat(left - 1)}`;
    return left === 7 ? `${before}::` : `${before}::(?:${HEX}(?::${HEX}){0,${6 - left}})?`;
  }),
].join('|');
const NAME = `(?:${LABEL}\\.)*${LAST}\\.?`;
const HOST = `(?:\\[(?:${V6})\\]|(?:${BYTE}\\.){3}${BYTE}|${NAME})`;
const PORT =
  '(?::0*(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?';
const ESCAPE = '%[0-9A-Fa-f]{2}';
const USER = `(?:(?:[!$&-.0-;=A-Z\\[\\]_a-z~]|${ESCAPE})*@)?`;
const REST = `(?:[!$&-;=?-Z\\[\\]_a-z~]|${ESCAPE})*`;
const BARE = `[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\\.)(?:[A-Za-z0-9-]{1,63}\\.)*${LAST.replaceAll('_', '')}`;

const TAIL = '%[89ABab][0-9A-Fa-f]';
/** Escapes that are UTF-8. */
const UTF8 = [
  '%[0-7][0-9A-Fa-f]',
  `(?:%[Cc][2-9A-Fa-f]|%[Dd][0-9A-Fa-f])${TAIL}`,
  `(?:%[Ee]0%[ABab][0-9A-Fa-f]|%[Ee][1-9A-CEFa-cef]${TAIL}|%[Ee][Dd]%[89][0-9A-Fa-f])${TAIL}`,
  `(?:%[Ff]0%[9ABab][0-9A-Fa-f]|%[Ff][1-3]${TAIL}|%[Ff]4%8[0-9A-Fa-f])${TAIL}${TAIL}`,
].join('|');
const KEY = `(?:[!$&-;=@A-Z\\[\\]_a-z~]|${UTF8})+`;
const BUCKET_NAME = '[A-Za-z0-9][A-Za-z0-9._-]{1,220}[A-Za-z0-9]';
const OBS_REGION = '[a-z]{2}-[a-z]+(?:-[a-z]+)*-[0-9]{1,3}';
const COS_BUCKET = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?-[1-9][0-9]{7,11}';
/** Of an object in a source (`manifest/sources/address.ts`). */
const SOURCE = [
  `(?:[Ss]3|[Oo][Ss][Ss]|[Gg][Ss]|[Tt][Oo][Ss])://(?:[A-Za-z0-9._-]{1,64}@)?${BUCKET_NAME}`,
  `[Cc][Oo][Ss]://(?:[A-Za-z0-9._-]{1,64}@)?${COS_BUCKET}`,
  `[Oo][Bb][Ss]://(?:[A-Za-z0-9._-]{1,64}@)?(?!${OBS_REGION}(?:/|$))${BUCKET_NAME}`,
].join('|');

const urlPattern = (allowHttps: boolean): string => {
  const scheme = `[Hh][Tt][Tt][Pp]${allowHttps ? '[Ss]?' : ''}`;
  const full = `${scheme}://${USER}${HOST}${PORT}(?:[/?]${REST})?`;
  return `^(?:${full}|${BARE}${PORT}/${REST}|(?:${SOURCE})/${KEY})$`;
};

const CONTROL = '\\u0000-\\u001f\\u007f-\\u009f';
/** No control character, and not slashes alone. */
const KEY_PATTERN = `^[^${CONTROL}]*[^/${CONTROL}][^${CONTROL}]*$`;
/** No segment `.` or `..`; not looked for in the pattern, as generators of tests stumble over that. */
const KEY_JSON = { maxLength: KEY_LIMIT_BYTES, not: { pattern: '(?:^|/)\\.{1,2}(?:/|$)' } };

const MD5_PATTERN = '^(?:[0-9A-Fa-f]{32})?$';

function field(
  name: 'url' | 'key' | 'md5',
  expected: string,
  pattern: string,
  allowHttps: boolean,
) {
  const form = new RegExp(pattern, 'u');
  const check = v.rawCheck<string>(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const found = findFault({ ...SOUND, [name]: dataset.value }, { allowHttps });
    if (found) {
      const fix = found.fix === undefined ? '' : `; for example ${found.fix}`;
      addIssue({ message: `${found.message}${fix}` });
    } else if (!form.test(dataset.value)) addIssue({ message: expected });
  });
  const json = { pattern, ...(name === 'key' && KEY_JSON) };
  return v.pipe(v.string(expected), check, inJson(json));
}

/** What a list of a source begins with: a bucket, or keys in it. */
const PREFIX_PATTERN = `^(?:${SOURCE})(?:/(?:${KEY})?)?$`;
const PREFIX_FORM = new RegExp(PREFIX_PATTERN, 'u');

const EXPECTED_PREFIX = 'expected <kind>://<bucket>/<prefix>, such as s3://media/photos/';

export const prefixRule = v.pipe(
  v.string(EXPECTED_PREFIX),
  v.maxLength(2_048, EXPECTED_PREFIX),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || PREFIX_FORM.test(dataset.value)) return;
    const parsed = parseSourceUrl(dataset.value, 'prefix');
    addIssue({ message: 'fault' in parsed ? parsed.fault : EXPECTED_PREFIX });
  }),
  inJson({ pattern: PREFIX_PATTERN }),
);

const EXPECTED_TARGET =
  'expected cos://<region>/<bucket-appid>/<prefix>, such as cos://ap-shanghai/examplebucket-1250000000/photos/';

/** Where objects go: with a region, which sources have not. */
export const targetRule = v.pipe(
  v.string(EXPECTED_TARGET),
  v.maxLength(2_048, EXPECTED_TARGET),
  v.rawCheck(({ dataset, addIssue }) => {
    const parsed = dataset.typed ? parseTarget(dataset.value) : undefined;
    if (!parsed || !('fault' in parsed)) return;
    const { fault, fix } = parsed;
    addIssue({ message: fix === undefined ? fault : `${fault}, such as ${fix}` });
  }),
  inJson({ pattern: '^(?:[Cc][Oo][Ss]|[Oo][Bb][Ss])://[a-z]{2}-[a-z]+[^/]*/[^/]+(?:/.*)?$' }),
);

/** What to do where the target is there already. */
export const sameKeyRule = v.exactOptional(v.picklist(ON_KEY_EXIST, 'expected ignore or override'));

export const fetchFields = (allowHttps: boolean) => ({
  url: field('url', 'expected the URL of the source', urlPattern(allowHttps), allowHttps),
  key: field('key', 'expected the target key', KEY_PATTERN, allowHttps),
  md5: v.exactOptional(field('md5', 'expected 32 hex digits', MD5_PATTERN, allowHttps)),
  /** Wins over that of the request. */
  onKeyExist: sameKeyRule,
});
