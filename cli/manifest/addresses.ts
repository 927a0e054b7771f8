/** The addresses that `waybill manifest` takes: where the objects of a list are, and where they go. */
import { encodeKey } from '../../shared/manifest/sources/object.ts';
import { CommandFailure, EXIT } from '../io/failure.ts';

/**
 * The source of a list's keys, its prefix percent-encoded.
 * @param text `s3://bucket`, `oss://bucket/prefix`, or `http://host/base`, encoded as URLs are
 * @throws CommandFailure (usage)
 */
export function parseSource(text: string): string {
  const [, origin, prefix = ''] =
    /^((?:s3|oss|cos|obs|gs|tos):\/\/(?:[^/@\s]+@)?[^/@\s]+)(\/.*)?$/.exec(text) ?? [];
  if (origin !== undefined) return origin + encodeKey(prefix);
  if (/^https?:\/\/[^/?#@\s]+(?:\/[^?#\s]*)?$/i.test(text)) return text;
  throw new CommandFailure(
    `--source: expected <kind>://<bucket> or http://host/path, not ${text}`,
    'Kinds are s3, oss, cos, obs, gs and tos; write it such as s3://media',
    EXIT.usage,
  );
}

export interface TargetAddress {
  /** As `submit --to` takes it; undefined for a bucket that it can't send to. */
  readonly submitTo: string | undefined;
  /** Put before keys. */
  readonly prefix: string;
}

/**
 * @param text `cos://region/bucket-appid/prefix`, `obs://region/bucket/prefix` or `region/bucket-appid`
 * @throws CommandFailure (usage)
 */
export function parseTarget(text: string): TargetAddress {
  const [, kind = 'cos', region, bucket, prefix = ''] =
    /^(?:(cos|obs):\/\/)?([^/\s]+)\/([^/\s]+)(?:\/(.*))?$/.exec(text) ?? [];
  if (region === undefined) {
    throw new CommandFailure(
      `--to: expected cos://<region>/<bucket-appid>/<prefix>, not ${text}`,
      'Write it such as cos://ap-shanghai/examplebucket-1250000000/photos/',
      EXIT.usage,
    );
  }
  return { submitTo: kind === 'cos' ? `${region}/${bucket}` : undefined, prefix };
}
