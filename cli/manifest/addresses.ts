/** The addresses that `waybill manifest` takes: where the objects of a list are, and where they go. */
import { SCHEMES } from '../../shared/manifest/sources/address.ts';
import { encodeKey } from '../../shared/manifest/sources/object.ts';
import { parseTarget, type TargetAddress } from '../../shared/manifest/target-address.ts';
import { CommandFailure, EXIT } from '../io/failure.ts';

const SOURCE = new RegExp(`^((?:${SCHEMES.join('|')})://(?:[^/@\\s]+@)?[^/@\\s]+)(/.*)?$`);

/**
 * The source of a list's keys, its prefix percent-encoded.
 * @param text `s3://bucket`, `oss://bucket/prefix`, or `http://host/base`, encoded as URLs are
 * @throws CommandFailure (usage)
 */
export function parseSource(text: string): string {
  const [, origin, prefix = ''] = SOURCE.exec(text) ?? [];
  if (origin !== undefined) return origin + encodeKey(prefix);
  if (/^https?:\/\/[^/?#@\s]+(?:\/[^?#\s]*)?$/i.test(text)) return text;
  throw new CommandFailure(
    `--source: expected <kind>://<bucket> or http://host/path, not ${text}`,
    `Kinds are ${SCHEMES.join(', ')}; write it such as s3://media`,
    EXIT.usage,
  );
}

/**
 * @param option that names it
 * @param text `cos://region/bucket-appid/prefix`, `obs://region/bucket/prefix` or `region/bucket-appid`
 * @throws CommandFailure (usage)
 */
export function targetOf(option: string, text: string): TargetAddress {
  const parsed = parseTarget(text.includes('://') ? text : `cos://${text}`);
  if (!('fault' in parsed)) return parsed;
  throw new CommandFailure(
    `${option}: ${text}: ${parsed.fault}`,
    `Write it such as ${parsed.fix ?? 'cos://ap-shanghai/examplebucket-1250000000/photos/'}`,
    EXIT.usage,
  );
}
