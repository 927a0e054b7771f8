/**
 * Bodies of CreateTask and CreateTaskGroup, only as documented, and those of bandwidth:
 * https://support.huaweicloud.com/intl/en-us/api-oms/CreateTask.html
 */
import { OmsRefusal } from './route.ts';
import {
  type Check,
  checkFields,
  crypto,
  type Fields,
  flag,
  key,
  keyId,
  oneOf,
  text,
  token,
} from './start-body.ts';

const fieldsOf =
  (checks: Readonly<Record<string, Check>>, required: readonly string[] = []): Check =>
  (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'an object';
    const fields = value as Fields;
    for (const [name, each] of Object.entries(fields)) {
      if (!Object.hasOwn(checks, name)) return `without ${name}, which is none of its fields`;
      const expected = checks[name]?.(each);
      if (expected !== undefined) return `an object whose ${name} is ${expected}`;
    }
    const missing = required.find((name) => fields[name] === undefined);
    return missing === undefined ? undefined : `an object with ${missing}`;
  };

const listOf =
  (check: Check, longest: number): Check =>
  (value) => {
    if (!Array.isArray(value) || value.length > longest) return `a list of at most ${longest}`;
    const expected = value.map(check).find((each) => each !== undefined);
    return expected === undefined ? undefined : `a list of ${expected}`;
  };

const between =
  (lowest: number, highest: number): Check =>
  (value) =>
    typeof value === 'number' && value >= lowest && value <= highest
      ? undefined
      : `a number from ${lowest} to ${highest}`;

const matching =
  (pattern: RegExp, what: string): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? undefined : what;

const hours = matching(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time as hh:mm');

const slots = listOf(
  fieldsOf({ start: hours, end: hours, max_bandwidth: between(1_048_576, 209_715_200) }, [
    'start',
    'end',
    'max_bandwidth',
  ]),
  5,
);

const CLOUDS = [
  'AWS',
  'Azure',
  'Aliyun',
  'Tencent',
  'HuaweiCloud',
  'QingCloud',
  'KingsoftCloud',
  'Baidu',
  'Qiniu',
  'Google',
  'URLSource',
  'UCloud',
];

const name = text(1, 1_024);

const encrypted = { crypto_type: crypto, kms_key_id: keyId };

const source = {
  ...encrypted,
  cloud_type: oneOf(...CLOUDS),
  region: text(0, 1_024),
  ak: key,
  sk: key,
  connection_string: text(1, 2_048),
  json_auth_file: text(1, 65_535),
  app_id: text(0, 255),
  bucket: text(0, 1_024),
  object_key: listOf(text(0, 1_024), 500),
  list_file: fieldsOf(
    { obs_bucket: name, list_file_key: name, list_file_num: matching(/^\d+$/, 'digits as text') },
    ['obs_bucket', 'list_file_key'],
  ),
};

const target = {
  ...encrypted,
  ak: key,
  sk: key,
  bucket: name,
  region: name,
  save_prefix: text(0, 1_024),
};

const common = {
  description: matching(/^[^^<>&"']{0,255}$/, 'a text of at most 255 characters without ^<>&"\''),
  migrate_since: between(0, 1e12),
  bandwidth_policy: slots,
  source_cdn: fieldsOf(
    {
      ...encrypted,
      domain: name,
      protocol: oneOf('http', 'https'),
      authentication_type: matching(/^[A-Z_]+$/, 'a kind of authentication'),
      authentication_key: text(1, 255),
    },
    ['domain', 'protocol'],
  ),
  smn_config: fieldsOf(
    {
      topic_urn: name,
      trigger_conditions: listOf(oneOf('SUCCESS', 'FAILURE'), 2),
      language: oneOf('zh-cn', 'en-us'),
      message_template_name: name,
    },
    ['topic_urn', 'trigger_conditions'],
  ),
  enable_metadata_migration: flag,
  enable_restore: flag,
  enable_failed_object_recording: flag,
  enable_requester_pays: flag,
  object_overwrite_mode: oneOf(
    'NO_OVERWRITE',
    'SIZE_LAST_MODIFIED_COMPARISON_OVERWRITE',
    'CRC64_COMPARISON_OVERWRITE',
    'FULL_OVERWRITE',
  ),
  consistency_check: oneOf('size_last_modified', 'crc64', 'no_check'),
  dst_storage_policy: oneOf('STANDARD', 'IA', 'ARCHIVE', 'DEEP_ARCHIVE', 'SRC_STORAGE_MAPPING'),
};

const required = ['src_node', 'dst_node'];

const CREATE_TASK = {
  checks: {
    ...common,
    task_type: oneOf('object', 'prefix', 'list', 'url_list'),
    task_priority: oneOf('HIGH', 'MEDIUM', 'LOW'),
    src_node: fieldsOf({ ...source, security_token: token }, ['cloud_type']),
    dst_node: fieldsOf({ ...target, security_token: token }, ['ak', 'sk', 'bucket', 'region']),
  },
  required,
};

/** No tokens and no single objects; the types in capitals. */
const CREATE_GROUP = {
  checks: {
    ...common,
    task_type: oneOf('PREFIX', 'LIST', 'URL_LIST'),
    src_node: fieldsOf(source, ['cloud_type']),
    dst_node: fieldsOf({ ...target, cloud_type: oneOf('HEC') }, ['ak', 'sk', 'bucket', 'region']),
  },
  required,
};

const BANDWIDTH = { checks: { bandwidth_policy: slots }, required: ['bandwidth_policy'] };

const CODES = new Map([['description', '0078']]);

/** @throws OmsRefusal of the first thing wrong */
export function checkCreate(fields: Fields, what: 'task' | 'group'): Fields {
  const { checks } = what === 'task' ? CREATE_TASK : CREATE_GROUP;
  for (const [field, code] of CODES) {
    const expected = field in fields ? checks[field as 'description'](fields[field]) : undefined;
    if (expected !== undefined) throw new OmsRefusal(code, `${field} must be ${expected}.`);
  }
  checkFields(fields, what === 'task' ? CREATE_TASK : CREATE_GROUP);
  checkSlots(fields['bandwidth_policy']);
  checkSourceNode(fields);
  return fields;
}

/** @throws OmsRefusal */
export function checkBandwidth(fields: Fields): readonly object[] {
  checkFields(fields, BANDWIDTH);
  checkSlots(fields['bandwidth_policy']);
  return fields['bandwidth_policy'] as object[];
}

function checkSlots(given: unknown): void {
  const sorted = ((given ?? []) as { start: string; end: string }[]).toSorted((a, b) =>
    a.start < b.start ? -1 : 1,
  );
  for (const [at, { start, end }] of sorted.entries()) {
    if (start >= end) throw new OmsRefusal('0087', 'The period of a slot is incorrect.');
    const before = sorted[at - 1];
    if (before && start <= before.end) throw new OmsRefusal('0085', 'The periods overlap.');
  }
}

function checkSourceNode(fields: Fields): void {
  const type = String(fields['task_type'] ?? 'object').toLowerCase();
  const node = fields['src_node'] as Fields;
  const bad = (message: string) =>
    new OmsRefusal('0057', `Incorrect source information: ${message}`);
  const isUrl = node['cloud_type'] === 'URLSource';
  if (isUrl !== (type === 'url_list')) throw bad('url_list is for URLSource, and only for it.');
  const isList = type === 'list' || isUrl;
  if (isList !== (node['list_file'] !== undefined)) throw bad(`list_file does not fit ${type}.`);
  if (isUrl) return;
  if (!isList && !node['object_key']) throw bad('object_key is required.');
  const missing = ['bucket', 'region', ...keysOf(node['cloud_type'])].find((each) => !node[each]);
  if (missing !== undefined) throw bad(`${missing} is required.`);
}

const keysOf = (cloud: unknown): readonly string[] =>
  cloud === 'Azure'
    ? ['connection_string']
    : cloud === 'Google'
      ? ['json_auth_file']
      : ['ak', 'sk'];
