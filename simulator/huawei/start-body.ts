/**
 * Bodies of start and retry, only as documented:
 * https://support.huaweicloud.com/intl/en-us/api-oms/StartTask.html
 */
import type { Wire } from '../server.ts';
import { OmsRefusal } from './route.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Says what a value must be when it is not. */
export type Check = (value: unknown) => string | undefined;

interface Form {
  readonly checks: Readonly<Record<string, Check>>;
  readonly required: readonly string[];
}

export const text =
  (shortest: number, longest: number): Check =>
  (value) =>
    typeof value === 'string' && value.length >= shortest && value.length <= longest
      ? undefined
      : `a text of ${shortest} to ${longest} characters`;
export const oneOf =
  (...members: readonly unknown[]): Check =>
  (value) =>
    members.includes(value) ? undefined : `one of ${members.join(', ')}`;

export const key = text(1, 100);
export const flag = oneOf(true, false);
export const token = text(1, 16_384);
export const crypto = oneOf('DEFAULT', 'KMS');
export const keyId = text(36, 36);
/** Pairs of a field that says how a secret is encrypted, and the id of the key for it. */
const CRYPTO = ['src', 'dst', 'source_cdn'] as const;

const common = {
  src_ak: key,
  src_sk: key,
  connection_string: text(1, 2_048),
  json_auth_file: text(1, 65_535),
  dst_ak: key,
  dst_sk: key,
  source_cdn_authentication_key: text(1, 255),
  ...Object.fromEntries(CRYPTO.map((name) => [`${name}_crypto_type`, crypto])),
  ...Object.fromEntries(CRYPTO.map((name) => [`${name}_kms_key_id`, keyId])),
};

export const V2_START: Form = {
  checks: {
    ...common,
    src_security_token: token,
    dst_security_token: token,
    migrate_failed_object: flag,
  },
  required: ['dst_ak', 'dst_sk'],
};
export const GROUP_START: Form = { checks: common, required: ['dst_ak', 'dst_sk'] };
export const GROUP_RETRY: Form = {
  checks: { ...common, migrate_failed_object: flag },
  required: [],
};
export const V1_START: Form = {
  checks: {
    operation: oneOf('start'),
    source_ak: key,
    source_sk: key,
    target_ak: key,
    target_sk: key,
    source_cdn_authentication_key: text(1, 255),
    migration_failed_object: flag,
  },
  required: ['operation', 'source_ak', 'source_sk', 'target_ak', 'target_sk'],
};
export const V1_STOP: Form = {
  checks: { operation: oneOf('stop') },
  required: ['operation'],
};

/**
 * The object of a JSON body.
 * @throws OmsRefusal
 */
export function readJson({ headers, body }: Wire): Fields {
  const bad = (message: string) => new OmsRefusal('0067', message);
  if (!/^application\/json(\s*;|$)/i.test(headers['content-type'] ?? '')) {
    throw bad('The Content-Type must be application/json.');
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw bad('The request body is not in JSON format.');
  }
  const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  if (!isObject) throw bad('The request body is not a JSON object.');
  return parsed as Fields;
}

/**
 * The fields themselves, when they are of this form.
 * @throws OmsRefusal of the first thing wrong with them, by name
 */
export function checkFields(fields: Fields, { checks, required }: Form): Fields {
  const bad = (message: string) =>
    new OmsRefusal('0064', `Incorrect request parameters: ${message}`);
  for (const [name, value] of Object.entries(fields)) {
    if (!Object.hasOwn(checks, name)) throw bad(`${name} is not a field of this request.`);
    const expected = checks[name]?.(value);
    if (expected !== undefined) throw bad(`${name} must be ${expected}.`);
  }
  const missing = required.find((name) => fields[name] === undefined);
  if (missing !== undefined) throw bad(`${missing} is required.`);
  for (const name of CRYPTO) {
    const isKms = fields[`${name}_crypto_type`] === 'KMS';
    if (isKms !== (fields[`${name}_kms_key_id`] !== undefined)) {
      throw bad(`${name}_kms_key_id is required with ${name}_crypto_type KMS, and only then.`);
    }
  }
  return fields;
}

/** @throws OmsRefusal of a request with a body */
export function checkEmpty({ body }: Wire): void {
  if (body.length > 0) throw new OmsRefusal('0064', 'This request takes no body.');
}

/** Fields by the kind of the source's cloud. */
const NEEDED: ReadonlyMap<string, readonly string[]> = new Map([
  ['Azure', ['connection_string']],
  ['Google', ['json_auth_file']],
]);

/** @throws OmsRefusal of what a start of version 2 lacks for the source of a task or group */
export function checkSource(
  fields: Fields,
  { taskType, cloudType, cdn }: { taskType: string; cloudType: string; cdn?: boolean },
): void {
  if (cdn) checkCdnKey(fields);
  if (taskType === 'url_list') return;
  const needed = NEEDED.get(cloudType) ?? ['src_ak', 'src_sk'];
  const missing = needed.find((name) => fields[name] === undefined);
  if (missing === undefined) return;
  throw new OmsRefusal('0057', `Incorrect source information: ${missing} is required.`);
}

/** @throws OmsRefusal of a start without the key of the source's CDN */
export function checkCdnKey(fields: Fields): void {
  if (fields['source_cdn_authentication_key'] !== undefined) return;
  throw new OmsRefusal('1032', 'The CDN authentication key is required.');
}
