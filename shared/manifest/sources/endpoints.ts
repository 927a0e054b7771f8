/** Where buckets of each kind are: the hosts that take signatures of S3, and those of public objects. */
import { placeOf } from '../../lib/s3/bucket.ts';
import type { SourceConfig } from './config.ts';

type Kind = Exclude<SourceConfig['kind'], 's3-compatible'>;

const SIGNED: Readonly<Record<Kind, string>> = {
  s3: 's3.{region}.amazonaws.com',
  oss: 's3.oss-{region}.aliyuncs.com',
  cos: 'cos.{region}.myqcloud.com',
  obs: 'obs.{region}.myhuaweicloud.com',
  gs: 'storage.googleapis.com',
  tos: 'tos-s3-{region}.volces.com',
};

/** Where the names differ. */
const PUBLIC: Readonly<Partial<Record<Kind, string>>> = {
  oss: 'oss-{region}.aliyuncs.com',
  tos: 'tos-{region}.volces.com',
};

type Place = Pick<SourceConfig, 'addressing' | 'endpoint' | 'kind' | 'region'>;

/**
 * The address of a source's store, with `{region}`, and with `{bucket}` where the bucket is part of the
 * host. Always a regional host: a redirect to one would end a signature.
 */
export function endpointOf({ addressing, endpoint, kind, region }: Place, isSigned = true): string {
  if (kind === 's3-compatible') return withBucket(endpoint ?? '', addressing ?? 'path');
  const known = (isSigned ? undefined : PUBLIC[kind]) ?? SIGNED[kind];
  const china = kind === 's3' && region.startsWith('cn-') ? '.cn' : '';
  return withBucket(endpoint ?? `https://${known}${china}`, addressing ?? 'virtual');
}

const withBucket = (endpoint: string, addressing: 'virtual' | 'path'): string =>
  addressing === 'path' ? endpoint : endpoint.replace('://', '://{bucket}.');

/** Where the provider finds the bucket, which it reads over http alone. */
export function httpPlace(source: Place & Pick<SourceConfig, 'bucket'>, isSigned: boolean) {
  const { bucket, region } = source;
  const { origin, base } = placeOf(bucket, { endpoint: endpointOf(source, isSigned), region });
  return { origin: origin.replace(/^https:/, 'http:'), base };
}
