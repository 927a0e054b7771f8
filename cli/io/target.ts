/** The key that `submit` and `plan` give a manifest. */
import { CommandFailure, EXIT } from './failure.ts';

/**
 * The key of a manifest in the store, which says where its objects go.
 * @param to `<region>/<bucket-appid>`
 * @throws CommandFailure (usage) when `to` is no such thing
 */
export function keyOf(to: string, name: string): string {
  const [region, bucket, ...rest] = to.split('/');
  if (region && bucket && rest.length === 0) return `cos-fetch/${region}/${bucket}/${name}`;
  throw new CommandFailure(
    `--to: expected <region>/<bucket-appid>, not ${to}`,
    'Write it like ap-shanghai/examplebucket-1250000000',
    EXIT.usage,
  );
}

/** The name with the fingerprint of the content before the name of its file, so that no other takes its place. */
export function marked(name: string, mark: string): string {
  const at = name.lastIndexOf('/') + 1;
  return `${name.slice(0, at)}${mark}-${name.slice(at)}`;
}

/** What `marked` puts there; behind the dot is when it was sent again. */
export const MARK = /(?<=^|\/)([0-9a-f]{12})(?:\.[0-9a-z]+)?-(?=[^/]+$)/;
