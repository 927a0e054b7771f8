/** Finds the bucket that an address of a list names, with the keys of its source. */
import { InputError } from '../../lib/errors.ts';
import { parseSourceUrl } from './address.ts';
import type { ListedBucket } from './bucket-list.ts';
import type { SourceConfig } from './config.ts';
import { createSourceCheck, type Sources } from './sources.ts';

interface FoundBucket {
  readonly bucket: ListedBucket;
  /** What addresses of its objects begin with, such as `s3://media`. */
  readonly address: string;
  /** Decoded; keys begin with it. */
  readonly prefix: string;
}

/**
 * @param text `s3://media/photos/`
 * @throws InputError (PATH_INVALID, NOT_FOUND); StoreError
 */
export async function findBucket(sources: Sources, text: string): Promise<FoundBucket> {
  const { source, ...found } = findSource(sources, text);
  const keys = await sources.keys(source);
  return { bucket: { source, ...(keys && { keys }) }, ...found };
}

/** The same without keys. @throws InputError (PATH_INVALID, NOT_FOUND) */
export function findSource(
  sources: Pick<Sources, 'find'>,
  text: string,
): Omit<FoundBucket, 'bucket'> & { readonly source: SourceConfig } {
  const parsed = parseSourceUrl(text, 'prefix');
  if ('fault' in parsed) {
    const fix = parsed.fix === undefined ? '' : `, such as ${parsed.fix}`;
    throw new InputError('PATH_INVALID', `${text}: ${parsed.fault}${fix}.`);
  }
  const { key: prefix, ...address } = parsed;
  const fault = createSourceCheck(sources)({ ...address, key: '' });
  const source = sources.find(parsed);
  if (fault || !source || 'names' in source) {
    throw new InputError('NOT_FOUND', `${text}: ${fault?.message ?? 'there is no such source'}.`);
  }
  const { scheme, bucket, source: name } = address;
  return {
    source,
    address: `${scheme}://${name === undefined ? '' : `${name}@`}${bucket}`,
    prefix,
  };
}
