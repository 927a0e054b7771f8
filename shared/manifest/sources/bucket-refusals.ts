/** Says why a bucket can't be listed: one sentence with the bucket, the call and the likely cause. */
import { AwsError } from '../../lib/aws/errors.ts';
import { InputError, StoreError, TransportError } from '../../lib/errors.ts';
import { type BucketOptions, placeOf } from '../../lib/s3/bucket.ts';
import { passes } from '../../lib/s3/errors.ts';
import type { SourceConfig } from './config.ts';

/** Codes of refusals and what causes them; the first that matches. */
const CAUSES: readonly (readonly [code: RegExp, cause: string])[] = [
  [
    /^(?:PathStyleDomainForbidden|SecondLevelDomainForbidden|InvalidRequestPathStyle)$/,
    'the store refuses buckets in the path: set the addressing of the source to "virtual"',
  ],
  [
    /^(?:HTTP_30\d|PermanentRedirect|TemporaryRedirect|Redirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException|InvalidRegion|IncorrectEndpoint)$/,
    'the bucket is in another region: correct the region or the endpoint of the source',
  ],
  [
    /^(?:InvalidAccessKeyId|InvalidSecretId|NoSuchKey|InvalidSecurity)$/,
    'the store does not know the access key: check the credentials of the source and its kind',
  ],
  [
    /^(?:SignatureDoesNotMatch|InvalidSignature)$/,
    'the secret key is wrong, or the region of the source is',
  ],
  [
    /^(?:ExpiredToken|TokenRefreshRequired|InvalidToken|InvalidSecurityToken|SecurityTokenExpired)$/,
    'the temporary keys have expired: renew the credentials of the source',
  ],
  [/^NoSuchBucket$/, 'there is no bucket of this name there: check its name, region and endpoint'],
  [/^InvalidBucketName$/, 'the store takes no bucket of this name: check the name and the kind'],
];

export interface ListedPlace
  extends Pick<SourceConfig, 'kind'>,
    Pick<BucketOptions, 'bucket' | 'config'> {}

/** What is told in place of a failure; errors of other kinds stay as they are. */
export function explainRefusal(error: unknown, place: ListedPlace): unknown {
  if (!(error instanceof StoreError)) return error;
  const { cause } = error;
  const { bucket, config } = place;
  const { origin, base } = placeOf(bucket, config);
  const what = `Bucket ${bucket} can't be listed: GET ${origin}${base || '/'}`;
  if (cause instanceof TransportError) {
    const told = cause.message.split(': ').at(-1);
    const message = `${what} got no answer (${told}), so check the region and the endpoint of the source, and the network.`;
    return new StoreError(message, cause);
  }
  if (!(cause instanceof AwsError)) return error;
  const { exception, status } = cause;
  const detail = cause.message.split(`${exception}: `)[1];
  const told = `${exception}${exception.includes(String(status)) ? '' : ` (${status})`}${detail ? `, ${detail}` : ''}`;
  if (passes(cause)) {
    const message = `${what} was answered ${told} again and again, as the store is busy; try again later.`;
    return new StoreError(message, cause);
  }
  const message = `${what} was refused with ${told}; most likely ${causeOf(cause, place)}.`;
  return new InputError('SOURCE_REFUSED', message, [{ path: bucket, message }], cause);
}

function causeOf({ exception, status }: AwsError, { config, kind }: ListedPlace): string {
  const known = CAUSES.find(([code]) => code.test(exception))?.[1];
  if (known !== undefined) return known;
  if (status === 403 || status === 401) {
    return config.keys
      ? 'the keys may not list the bucket: allow them s3:ListBucket, or its like'
      : 'the bucket is not public: name credentials in the source';
  }
  return `the endpoint is no store of kind ${kind}: check the endpoint of the source`;
}
