/**
 * Addresses of targets: `cos://<region>/<bucket-appid>/<prefix>` and `obs://<region>/<bucket>/<prefix>`,
 * the prefix percent-encoded as in addresses of sources, which have no region.
 */
import { BUCKET as COS_BUCKET, REGION as COS_REGION } from './cos-names.ts';
import { CONTROL, decodeKey, KEY_LIMIT_BYTES, pathFault } from './target-key.ts';

export const TARGET_KINDS = ['cos', 'obs'] as const;

export interface TargetAddress {
  readonly kind: (typeof TARGET_KINDS)[number];
  readonly region: string;
  readonly bucket: string;
  /** Decoded, may be empty; keys begin with it. */
  readonly prefix: string;
}

type ParsedTarget = TargetAddress | { readonly fault: string; readonly fix?: string };

/** cn-north-4, ap-southeast-3: https://developer.huaweicloud.com/endpoint?OBS */
const OBS_REGION = /^[a-z]{2}-[a-z]+(?:-[a-z]+)*-\d{1,3}$/;

/** https://support.huaweicloud.com/intl/en-us/ugobs-obs/obs_41_0011.html */
const OBS_BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Bytes of a key: of COS as its fetch takes it, of OBS with the prefix of a task (CreateTask). */
export const TARGET_KEY_BYTES = { cos: KEY_LIMIT_BYTES, obs: 1_024 } as const;

const FORM = /^([a-z0-9+.-]+):\/\/([^/]*)(?:\/([^/]*)(?:\/(.*))?)?$/is;

const SHAPES = {
  cos: 'cos://<region>/<bucket-appid>/<prefix>',
  obs: 'obs://<region>/<bucket>/<prefix>',
} as const;

/** Whether an address whose first part is `part` has the form of a target; sources have no region. */
export const startsWithRegion = (scheme: string, part: string): boolean =>
  (scheme === 'cos' && COS_REGION.test(part) && !COS_BUCKET.test(part)) ||
  (scheme === 'obs' && OBS_REGION.test(part));

/** Reads a target; the fault is words for a person. */
export function parseTarget(text: string): ParsedTarget {
  const [, scheme = '', region = '', bucket = '', rest = ''] = FORM.exec(text) ?? [];
  const kind = TARGET_KINDS.find((each) => each === scheme.toLowerCase());
  if (kind === undefined) return { fault: `expected ${SHAPES.cos} or ${SHAPES.obs}` };
  const shape = SHAPES[kind];
  if (!startsWithRegion(kind, region)) return regionFault(kind, region, text);
  const isBucket = kind === 'cos' ? COS_BUCKET.test(bucket) : OBS_BUCKET.test(bucket);
  if (!isBucket) {
    const expected =
      kind === 'cos' ? 'a name with its numeric APPID, such as examplebucket-1250000000' : shape;
    return { fault: `the target names no bucket; expected ${expected}` };
  }
  const prefix = decodeKey(rest);
  if (prefix === undefined) {
    return { fault: 'the prefix of the target is not encoded UTF-8; write "%" as %25' };
  }
  const fault = prefixFault(prefix, TARGET_KEY_BYTES[kind]);
  return fault === undefined ? { kind, region, bucket, prefix } : { fault };
}

/** What comes first is the bucket of a source, or nothing that anybody could use. */
function regionFault(kind: TargetAddress['kind'], region: string, text: string): ParsedTarget {
  const isBucket = (kind === 'cos' ? COS_BUCKET : OBS_BUCKET).test(region);
  if (!isBucket) return { fault: `the target names no region; expected ${SHAPES[kind]}` };
  const rest = text.slice(text.indexOf('://') + 3);
  const fault = `the target is written like a source, without a region; expected ${SHAPES[kind]}`;
  return { fault, fix: `${kind}://<region>/${rest}` };
}

function prefixFault(prefix: string, limitBytes: number): string | undefined {
  if (CONTROL.test(prefix)) return 'the prefix of the target holds a control character';
  if (Buffer.byteLength(prefix) >= limitBytes) {
    return `the prefix of the target leaves no room for keys; both have at most ${limitBytes} bytes`;
  }
  const found = prefix === '' ? undefined : pathFault(`${prefix}x`);
  return found === undefined ? undefined : `a key behind the prefix of the target ${found}`;
}
