/** The sources of a document (docs/sources.md): buckets whose objects are named by address. */
import * as v from 'valibot';
import { ConfigError, type InputFault } from '../../lib/errors.ts';
import { strictObject } from '../../lib/validate.ts';
import { own } from '../../lib/values.ts';
import type { CredentialSet } from '../../stores/credential-kinds.ts';
import { type Document, NAME, parseNamed } from '../../stores/documents.ts';
import { BUCKET as COS_BUCKET } from '../cos-names.ts';
import { BUCKET_NAME, SCHEMES, type Scheme } from './address.ts';

const matching = (pattern: RegExp, expected: string) =>
  v.pipe(v.string(`expected ${expected}`), v.regex(pattern, `expected ${expected}`));

const ADDRESS = 'an http:// or https:// address without query or credentials';

const address = v.pipe(
  matching(/^https?:\/\/[^/?#@{}\s]+(?:\/[^?#@{}\s]*)?$/i, ADDRESS),
  v.check((text) => URL.canParse(text), `expected ${ADDRESS}`),
  v.transform((text) => text.replace(/\/+$/, '')),
);

/** The longest that the protocol knows: a week. */
const MAX_SECONDS = 604_800;

const SECONDS = `expected a whole number from 1 to ${MAX_SECONDS}`;

export const SOURCE_KINDS = [...SCHEMES, 's3-compatible'] as const;

const fields = strictObject({
  kind: v.picklist(SOURCE_KINDS, `expected ${SCHEMES.join(', ')} or s3-compatible`),
  bucket: matching(BUCKET_NAME, 'the name of a bucket'),
  region: matching(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/, 'a region such as eu-central-1'),
  /** In place of the kind's own, without the bucket. */
  endpoint: v.exactOptional(address),
  addressing: v.exactOptional(v.picklist(['virtual', 'path'], 'expected virtual or path')),
  /** Names a set; a bucket without one is public. */
  credentials: v.exactOptional(matching(NAME, 'the name of a credential set')),
  /** Where anybody may read the objects, such as a CDN. */
  publicUrl: v.exactOptional(address),
  /** How long an address that is signed is good for. */
  presignSeconds: v.exactOptional(
    v.pipe(
      v.number(SECONDS),
      v.integer(SECONDS),
      v.minValue(1, SECONDS),
      v.maxValue(MAX_SECONDS, SECONDS),
    ),
  ),
});

type Fields = v.InferOutput<typeof fields>;

const RULES: readonly ((source: Fields) => readonly [keyof Fields, string] | undefined)[] = [
  ({ kind, endpoint }) =>
    kind === 's3-compatible' && endpoint === undefined
      ? ['endpoint', 'expected the address of the store']
      : undefined,
  ({ kind, bucket }) =>
    kind === 'cos' && !COS_BUCKET.test(bucket)
      ? ['bucket', 'expected a bucket with its APPID, such as examplebucket-1250000000']
      : undefined,
  ({ kind, region }) =>
    kind === 'oss' && region.startsWith('oss-')
      ? ['region', 'expected a region without "oss-", such as cn-hangzhou']
      : undefined,
  ({ kind, addressing, endpoint }) =>
    addressing === 'path' && endpoint === undefined && (kind === 'oss' || kind === 'cos')
      ? ['addressing', 'expected virtual: the store refuses buckets in the path']
      : undefined,
];

const schema = v.pipe(
  fields,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { value } = dataset;
    for (const rule of RULES) {
      const [key, message] = rule(value) ?? [];
      if (key === undefined || message === undefined) continue;
      const path = [
        { type: 'object', origin: 'value', input: value, key, value: value[key] },
      ] as const;
      addIssue({ message, path: [...path] });
    }
  }),
);

export interface SourceConfig extends Readonly<Fields> {
  readonly name: string;
}

const EXPECTED_SET =
  'expected a set with accessKeyId and secretAccessKey in WAYBILL_CREDENTIALS_FILE';

export const EXPECTED_SOURCES = 'a JSON object of named sources';

/**
 * The sources of a document.
 * @param sets those that sources may name; undefined where they are not known
 * @param allowHttps whether the provider is told to fetch over https
 * @throws ConfigError (CONFIG_INVALID) with every fault, at document and field
 */
export function parseSources(
  document: Pick<Document, 'path' | 'variable' | 'text'>,
  sets: Readonly<Record<string, CredentialSet>> | undefined,
  allowHttps = false,
): readonly SourceConfig[] {
  const named = parseNamed(document, {
    expected: EXPECTED_SOURCES,
    one: 'a source',
    schema: () => schema,
  });
  const sources = Object.entries(named).map(([name, source]) => ({ name, ...source }));
  const faults = sources.flatMap((source): readonly InputFault[] => {
    const { name, credentials = '', publicUrl = '' } = source;
    const fault = (field: keyof Fields, message: string): InputFault => ({
      path: `${document.path}: ${name}.${field}`,
      message,
    });
    const isKnown = !sets || credentials === '' || own(sets, credentials)?.kind === 'source';
    const isFetched = allowHttps || !/^https:/i.test(publicUrl);
    return [
      ...(isKnown ? [] : [fault('credentials', EXPECTED_SET)]),
      ...(isFetched
        ? []
        : [fault('publicUrl', 'expected http://, as Tencent fetches over http only')]),
    ];
  });
  if (faults.length > 0) throw new ConfigError(faults);
  return sources;
}

/** What addresses of its objects begin with. */
export const schemeOf = ({ kind }: Pick<Fields, 'kind'>): Scheme =>
  kind === 's3-compatible' ? 's3' : kind;
