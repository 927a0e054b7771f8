/**
 * Parses manifest keys: `cos-fetch/<region>/<bucket-appid>/<any name>.csv|.jsonl[.gz]` (spec
 * section 5). The key alone says where the objects go and how the lines are written.
 */
import type { Layout, Target } from '../ledger/manifest-lines.ts';
import { InputError } from '../lib/errors.ts';
import { OWN_PREFIX } from '../stores/layout.ts';
import { BUCKET, REGION } from './cos-names.ts';

interface ManifestKey {
  readonly target: Target;
  readonly layout: Pick<Layout, 'format' | 'gzip'>;
}

const PREFIX = 'cos-fetch/';

const SHAPE = 'cos-fetch/<region>/<bucket-appid>/<name>.csv or .jsonl, optionally .gz';

const NAME = /^(?<stem>.*?)(?<format>\.(?:csv|jsonl))(?<gzip>\.gz)?$/s;

/**
 * Reads target and layout from a manifest's decoded key.
 * @throws InputError (MANIFEST_INVALID) that names the wrong part and what was expected there
 */
export function parseManifestKey(key: string): ManifestKey {
  if (!key.startsWith(PREFIX) && !key.startsWith(OWN_PREFIX)) {
    throw invalid(key, `expected ${SHAPE}`);
  }
  const [, region = '', bucket = '', ...rest] = key.split('/');
  const fileName = rest.at(-1) ?? '';
  if (!REGION.test(region)) {
    throw invalid(key, `the region "${region}" is not of the form ap-shanghai`);
  }
  if (!BUCKET.test(bucket)) {
    throw invalid(
      key,
      `the bucket "${bucket}" is not a name with its numeric APPID, such as examplebucket-1250000000`,
    );
  }
  if (fileName === '') throw invalid(key, `the file name is missing; expected ${SHAPE}`);
  return { target: { region, bucket }, layout: parseFileName(fileName, key) };
}

/**
 * Reads format and packing from a file name.
 * @param key what the error names, when it is not the name itself
 * @throws InputError (MANIFEST_INVALID)
 */
export function parseFileName(fileName: string, key: string = fileName): ManifestKey['layout'] {
  const { stem, format, gzip } = NAME.exec(fileName)?.groups ?? {};
  if (format === undefined) {
    throw invalid(
      key,
      `"${fileName}" must end in .csv, .csv.gz, .jsonl or .jsonl.gz, in lower case`,
    );
  }
  if (stem === '') throw invalid(key, `the file name before "${fileName}" is missing`);
  return { format: format === '.csv' ? 'csv' : 'jsonl', gzip: gzip !== undefined };
}

function invalid(key: string, message: string): InputError {
  return new InputError('MANIFEST_INVALID', `Manifest ${key}: ${message}.`, [
    { path: 'key', message },
  ]);
}
