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
    'Write it such as ap-shanghai/examplebucket-1250000000',
    EXIT.usage,
  );
}
