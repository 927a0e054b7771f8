/**
 * The schemas of what OMS can be told to create: tasks and groups, their fields named as in the
 * docs, in camelCase. Keys, tokens and how secrets are encrypted stand in credential sets only.
 * https://support.huaweicloud.com/intl/en-us/api-oms/CreateTask.html and …/CreateTaskGroup.html
 */
import * as v from 'valibot';
import { strictObject, wholeNumber } from '../../../lib/validate.ts';
import { USER_DESCRIPTION_LENGTH } from './marker.ts';

const word = <Word extends string>(...words: readonly Word[]) =>
  v.picklist(words, `expected one of ${words.join(', ')}`);

const text = (min: number, max: number) => {
  const expected = `expected text of ${min} to ${max} characters`;
  return v.pipe(v.string(expected), v.minLength(min, expected), v.maxLength(max, expected));
};

const maybe = v.exactOptional;

const flag = v.exactOptional(v.boolean('expected true or false'));

/** Of sources; where they write one, other documents write it in capitals. */
const CLOUD_TYPES = [
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
  'UCloud',
  'URLSource',
] as const;

const hours = v.pipe(
  v.string('expected a time such as 22:30'),
  v.regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'expected a time such as 22:30'),
);

const slot = v.pipe(
  strictObject({
    start: hours,
    end: hours,
    /** Bytes per second. */
    maxBandwidth: wholeNumber(1_048_576, 209_715_200),
  }),
  v.forward(
    v.partialCheck(
      [['start'], ['end']],
      ({ start, end }) => start < end,
      'expected a time after start; split a slot that goes over midnight',
    ),
    ['end'],
  ),
);

const SLOTS = 'expected at most 5 slots';

/** Both ends of a slot are part of it. */
export const bandwidthPolicy = v.pipe(
  v.array(slot, 'expected a list of slots'),
  v.maxLength(5, SLOTS),
  v.check((slots) => {
    const inOrder = slots.toSorted((a, b) => (a.start < b.start ? -1 : 1));
    return inOrder.every(({ start }, at) => at === 0 || start > (inOrder[at - 1]?.end ?? ''));
  }, 'expected slots that do not overlap'),
);

const listFile = strictObject({
  /** A bucket of OBS in the region of the target, read with the keys of the destination. */
  obsBucket: text(1, 1_024),
  /** Of a group: a folder, its slash at the end. */
  listFileKey: text(1, 1_024),
  listFileNum: maybe(v.pipe(v.string('expected digits'), v.regex(/^\d{1,9}$/, 'expected digits'))),
});

const srcNode = strictObject({
  cloudType: word(...CLOUD_TYPES),
  region: maybe(text(1, 100)),
  bucket: maybe(text(1, 255)),
  /** Tencent's. */
  appId: maybe(text(1, 255)),
  objectKey: maybe(
    v.pipe(
      v.array(text(0, 1_024), 'expected a list of keys or prefixes'),
      v.minLength(1, 'expected at least one; [""] is the whole bucket'),
      v.maxLength(500, 'expected at most 500 keys or prefixes'),
    ),
  ),
  listFile: maybe(listFile),
});

const dstNode = strictObject({
  bucket: text(1, 255),
  savePrefix: maybe(text(0, 1_024)),
});

const sourceCdn = strictObject({
  domain: text(1, 255),
  protocol: word('http', 'https'),
  authenticationType: maybe(
    word(
      'NONE',
      'QINIU_PRIVATE_AUTHENTICATION',
      'ALIYUN_OSS_A',
      'ALIYUN_OSS_B',
      'ALIYUN_OSS_C',
      'KSYUN_PRIVATE_AUTHENTICATION',
      'AZURE_SAS_TOKEN',
      'TENCENT_COS_A',
      'TENCENT_COS_B',
      'TENCENT_COS_C',
      'TENCENT_COS_D',
    ),
  ),
});

const smnConfig = strictObject({
  topicUrn: text(1, 1_024),
  triggerConditions: v.pipe(
    v.array(word('SUCCESS', 'FAILURE'), 'expected a list of SUCCESS and FAILURE'),
    v.minLength(1, 'expected at least one of SUCCESS and FAILURE'),
  ),
  language: maybe(word('zh-cn', 'en-us')),
  messageTemplateName: maybe(text(1, 255)),
});

/** Without what the provider takes for a mark of its own. */
const description = v.pipe(
  text(0, USER_DESCRIPTION_LENGTH),
  v.regex(/^[^^<>&"']*$/, 'expected text without ^ < > & " and \''),
);

/** The number of seconds OMS takes; a later instant is beyond its documented range. */
const MAX_SECONDS = 4_102_444_800;

const common = {
  srcNode,
  dstNode,
  description: maybe(description),
  /** Unix seconds; only what changed later goes. 0 is off. */
  migrateSince: maybe(wholeNumber(0, MAX_SECONDS)),
  bandwidthPolicy: maybe(bandwidthPolicy),
  sourceCdn: maybe(sourceCdn),
  smnConfig: maybe(smnConfig),
  enableMetadataMigration: flag,
  enableRestore: flag,
  enableFailedObjectRecording: flag,
  objectOverwriteMode: maybe(
    word(
      'NO_OVERWRITE',
      'SIZE_LAST_MODIFIED_COMPARISON_OVERWRITE',
      'CRC64_COMPARISON_OVERWRITE',
      'FULL_OVERWRITE',
    ),
  ),
  consistencyCheck: maybe(word('size_last_modified', 'crc64', 'no_check')),
  dstStoragePolicy: maybe(word('STANDARD', 'IA', 'ARCHIVE', 'DEEP_ARCHIVE', 'SRC_STORAGE_MAPPING')),
  enableRequesterPays: flag,
};

/** Of CreateTask. */
export const TASK_FIELDS = {
  ...common,
  taskType: maybe(word('object', 'prefix', 'list', 'url_list')),
  taskPriority: maybe(word('HIGH', 'MEDIUM', 'LOW')),
};

/** Of CreateTaskGroup. */
export const GROUP_FIELDS = { ...common, taskType: maybe(word('prefix', 'list', 'url_list')) };

export type BandwidthPolicy = v.InferOutput<typeof bandwidthPolicy>;

type Node = v.InferOutput<typeof srcNode>;

/** What a task or group is, without keys, place and marker. */
export interface OmsOrder
  extends Readonly<v.InferOutput<v.ObjectSchema<typeof TASK_FIELDS, undefined>>> {}

/** Clouds whose CRC-64 OBS knows too. */
const WITH_CRC64 = new Set(['HuaweiCloud', 'Aliyun', 'Tencent']);

type Rule = readonly [path: readonly string[], message: string];

/** What the fields of an order lack or have too much, each alone being right. */
export function* orderFaults(
  order: Pick<OmsOrder, 'taskType' | 'objectOverwriteMode' | 'consistencyCheck'> & {
    readonly srcNode: Node;
  },
  hasList: boolean,
): Generator<Rule> {
  const { srcNode: node, taskType = 'object' } = order;
  const isUrl = node.cloudType === 'URLSource';
  const isList = taskType === 'list' || taskType === 'url_list';
  if (isUrl !== (taskType === 'url_list')) {
    yield [
      ['taskType'],
      isUrl ? 'expected url_list with URLSource' : 'expected url_list with URLSource only',
    ];
  }
  if (isList && !hasList && !node.listFile)
    yield [['srcNode', 'listFile'], `expected with ${taskType}`];
  if (!isList && node.listFile)
    yield [['srcNode', 'listFile'], 'expected with list or url_list only'];
  if (isList && hasList && node.listFile) {
    yield [['srcNode', 'listFile'], 'expected without list, of which Waybill makes the files'];
  }
  if (!isList && hasList) yield [['list'], 'expected with taskType list or url_list only'];
  if (!isList && !node.objectKey) {
    yield [['srcNode', 'objectKey'], 'expected at least one; [""] is the whole bucket'];
  }
  if (isList && node.objectKey)
    yield [['srcNode', 'objectKey'], 'expected with object or prefix only'];
  if (!isUrl && node.bucket === undefined) yield [['srcNode', 'bucket'], 'is missing'];
  if (!isUrl && node.region === undefined) yield [['srcNode', 'region'], 'is missing'];
  if (isUrl && (node.bucket ?? node.region) !== undefined) {
    yield [['srcNode', 'cloudType'], 'expected no bucket and no region with URLSource'];
  }
  if (WITH_CRC64.has(node.cloudType)) return;
  const crc64 = 'expected with HuaweiCloud, Aliyun and Tencent only: the others have no CRC-64';
  if (order.consistencyCheck === 'crc64') yield [['consistencyCheck'], crc64];
  if (order.objectOverwriteMode === 'CRC64_COMPARISON_OVERWRITE') {
    yield [['objectOverwriteMode'], crc64];
  }
}

/** The strongest check that source and target have in common. */
export const checkFor = (cloudType: string): 'crc64' | 'size_last_modified' =>
  WITH_CRC64.has(cloudType) ? 'crc64' : 'size_last_modified';
