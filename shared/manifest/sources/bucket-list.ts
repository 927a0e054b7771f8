/** Lists a bucket, with the version of the call and the settings that its kind of store needs. */
import type { AwsKeys } from '../../lib/aws/keys.ts';
import { type BucketOptions, createBucket } from '../../lib/s3/bucket.ts';
import { type ListOptions, type ListPage, listPages, type Range } from '../../lib/s3/list.ts';
import type { ListedObject } from '../../lib/s3/list-page.ts';
import { listParallel } from '../../lib/s3/list-parallel.ts';
import { explainRefusal, type ListedPlace } from './bucket-refusals.ts';
import type { SourceConfig } from './config.ts';
import { endpointOf } from './endpoints.ts';
import { parseInstant, parseSize } from './fields.ts';
import type { Entry, ListColumn, SourceList } from './object.ts';

/** A bucket, and how to ask it. */
export interface ListedBucket extends Pick<BucketOptions, 'fetch' | 'wait'> {
  readonly source: SourceConfig;
  /** Without keys, the bucket is public. */
  readonly keys?: AwsKeys;
}

interface KindRules extends Omit<ListOptions, 'prefix'> {
  /** Whether it lists in the order of bytes, so that a list can be cut. */
  readonly isOrdered: boolean;
}

/**
 * As rclone chooses them. Parallel file systems of OBS never advance where keys are encoded, and neither
 * they nor TOS's hierarchical buckets are in the order of bytes.
 */
const RULES: Readonly<Record<SourceConfig['kind'], KindRules>> = {
  s3: { version: 2, isEncoded: true, isOrdered: true },
  oss: { version: 2, isEncoded: true, isOrdered: true },
  cos: { version: 1, isEncoded: true, isOrdered: true },
  obs: { version: 1, isEncoded: false, isOrdered: false },
  gs: { version: 2, isEncoded: true, isOrdered: true },
  tos: { version: 2, isEncoded: true, isOrdered: false },
  's3-compatible': { version: 2, isEncoded: true, isOrdered: false },
};

/** Refusals that pass are waited for: about a minute in all. */
const MAX_SENDS = 12;

const LANES = 8;

/** What is shorter is listed sooner than it is cut. */
const PAGES_BEFORE = 20;

/** What a page tells of an object. */
export const LISTED_COLUMNS: readonly ListColumn[] = ['size', 'etag', 'modified'];

interface BucketListOptions {
  readonly prefix: string;
  /** Parts to list at the same time. @default 8 for long lists of stores that list in the order of bytes */
  readonly lanes?: number;
}

/** @param address what addresses of the objects begin with, such as `s3://media` */
export function openBucketList(
  target: ListedBucket,
  address: string,
  { prefix, lanes }: BucketListOptions,
): SourceList {
  const { rules, bucket, place } = open(target);
  const isCut = lanes === undefined ? rules.isOrdered : lanes > 1;
  const options = { ...rules, prefix };
  const pages = isCut
    ? listParallel(bucket, {
        ...options,
        lanes: lanes ?? LANES,
        pagesBefore: lanes === undefined ? PAGES_BEFORE : 0,
      })
    : listPages(bucket, options);
  return {
    format: 'bucket',
    source: address,
    hasUrls: false,
    columns: LISTED_COLUMNS,
    blocks: blocksOf(pages, place),
  };
}

/** A page of a list, and what is left of it. */
export interface EntryPage {
  readonly entries: readonly Entry[];
  readonly rest?: Range;
}

/** The pages of a bucket one by one, from a checkpoint on. @throws as `openBucketList` */
export async function* listEntries(
  target: ListedBucket,
  prefix: string,
  from: Range = {},
): AsyncGenerator<EntryPage> {
  const { rules, bucket, place } = open(target);
  try {
    for await (const page of listPages(bucket, { ...rules, prefix }, from)) {
      yield { entries: page.objects.map(toEntry), ...(page.rest && { rest: page.rest }) };
    }
  } catch (error) {
    throw explainRefusal(error, place);
  }
}

function open({ source, keys, ...options }: ListedBucket) {
  const { bucket, kind, region } = source;
  // Directory buckets of S3 are in no order.
  const isOrdered = RULES[kind].isOrdered && !bucket.endsWith('--x-s3');
  const endpoint = endpointOf(source, keys !== undefined);
  const config = { region, endpoint, ...(keys && { keys }) };
  return {
    rules: { ...RULES[kind], isOrdered },
    bucket: createBucket({ ...options, bucket, config, maxSends: MAX_SENDS }),
    place: { bucket, kind, config },
  };
}

async function* blocksOf(pages: AsyncIterable<ListPage>, place: ListedPlace) {
  try {
    for await (const { objects } of pages) yield objects.map(toEntry);
  } catch (error) {
    throw explainRefusal(error, place);
  }
}

function toEntry(object: ListedObject): Entry {
  const { key, etag, storageClass, type } = object;
  if (type === 'Symlink') return { key, leftOut: 'SYMLINK' };
  const [sizeBytes, modified] = [parseSize(object.sizeBytes), parseInstant(object.modified)];
  return {
    key,
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(etag !== '' && { etag }),
    ...(modified !== undefined && { modified }),
    ...(storageClass !== '' && { storageClass }),
  };
}
