/** The key a manifest is uploaded to: it names the region and bucket of the manifest's objects. */
import { BUCKET, REGION } from '../../shared/manifest/cos-names.ts';

export const isRegion = (text: string): boolean => REGION.test(text);
export const isBucket = (text: string): boolean => BUCKET.test(text);
/** As the service wants it, in lower case. */
export const isManifestName = (name: string): boolean => /.\.(?:csv|jsonl)(?:\.gz)?$/.test(name);

/**
 * A key of its own for each upload: writing over another manifest would stop its run.
 * @param at its day and time become a part of it, in UTC
 */
export function manifestKey(region: string, bucket: string, name: string, at: Date): string {
  const [day = '', time = ''] = at.toISOString().split('T');
  const stamp = time.slice(0, 12).replaceAll(/[:.]/g, '');
  // What a folder or a bucket may not hold in a name.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  const safe = name.replaceAll(/[\u0000-\u001f\u007f/\\]+/g, '-');
  return `cos-fetch/${region}/${bucket}/${day}/${stamp}-${safe}`;
}
