/**
 * The schemas of request bodies and queries (spec section 6). Requests are checked and the OpenAPI
 * document is generated from them: one source of truth.
 */
import * as v from 'valibot';
import { CAUSE_CLASSES, InputError } from '../lib/errors.ts';
import { having, implies, inJson, parseWith, strictObject, wholeNumber } from '../lib/validate.ts';
import { BUCKET, REGION } from '../manifest/cos-names.ts';
import { REGION as HUAWEI_REGION, PROJECT_ID } from '../providers/huawei/config.ts';
import { listFilters } from '../runs/list-state.ts';
import { NAME as SET_NAME } from '../stores/documents.ts';
import { KEY_BYTES, keyFault } from '../stores/object-keys.ts';
import { fetchFields, prefixRule, sameKeyRule } from './fetch-rules.ts';
import { GROUP_ID, TASK_ID } from './oms-ids.ts';
import { findExcess, withFirstFaults } from './request-limits.ts';

/** What stands in a text for bytes that were no UTF-8. */
const NOT_UTF8 = '\ufffd';

/** @throws InputError (BODY_INVALID) with the path of every field that does not fit, up to 100 */
export function parseBody<Schema extends v.GenericSchema>(
  schema: Schema,
  body: string,
): v.InferOutput<Schema> {
  // A key that arrived damaged would be the key of another object.
  if (body.includes(NOT_UTF8))
    throw refused('The body is not UTF-8.', 'expected UTF-8 without U+FFFD');
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    throw refused('The body is not JSON.', 'expected a JSON document', error);
  }
  const excess = findExcess(parsed);
  if (excess) throw new InputError('BODY_INVALID', 'The body is out of proportion.', [excess]);
  try {
    return parseWith(schema, parsed, 'The body', 'BODY_INVALID');
  } catch (error) {
    throw error instanceof InputError ? withFirstFaults(error) : error;
  }
}

const refused = (text: string, message: string, cause?: unknown): InputError =>
  new InputError('BODY_INVALID', text, [{ path: '(whole)', message }], cause);

/** @throws InputError (QUERY_INVALID) that names every parameter that is unknown or does not fit */
export const parseQuery = <Schema extends v.GenericSchema>(
  schema: Schema,
  query: unknown,
): v.InferOutput<Schema> => parseWith(schema, query, 'The query', 'QUERY_INVALID');

export function parameters<Entries extends v.ObjectEntries>(entries: Entries) {
  const names = Object.keys(entries).join(', ') || 'none';
  return strictObject(entries, `is not a parameter of this route; expected ${names}`);
}

export const matching = (pattern: RegExp, expected: string) =>
  v.pipe(v.string(`expected ${expected}`), v.regex(pattern, `expected ${expected}`));

const flag = v.boolean('expected true or false');

const MAX_FETCHES = 1_000;

/** Of a Tencent Cloud account; without it that of the bucket's APPID, else the configured one. */
export const account = v.exactOptional(matching(SET_NAME, 'the name of a credential set'));

/** @param allowHttps takes `https:` sources as they are */
export const fetchesBody = (allowHttps: boolean) =>
  v.pipe(
    strictObject({
      region: matching(REGION, 'a region such as ap-shanghai'),
      bucket: matching(BUCKET, 'a bucket with its APPID, such as examplebucket-1250000000'),
      objects: v.pipe(
        v.array(
          strictObject(fetchFields(allowHttps)),
          `expected a list of 1 to ${MAX_FETCHES} objects`,
        ),
        v.minLength(1, 'expected at least one object'),
        v.maxLength(
          MAX_FETCHES,
          `expected at most ${MAX_FETCHES} objects; upload a manifest for more`,
        ),
      ),
      onKeyExist: sameKeyRule,
      ignoreSameKey: v.exactOptional(flag),
      credentials: account,
    }),
    v.forward(
      v.partialCheck(
        [['onKeyExist'], ['ignoreSameKey']],
        ({ onKeyExist, ignoreSameKey }) => onKeyExist === undefined || ignoreSameKey === undefined,
        'expected without onKeyExist: which of the two wins is not documented',
      ),
      ['ignoreSameKey'],
    ),
    inJson(implies(having('onKeyExist'), { not: having('ignoreSameKey') })),
  );

/** By the rules of every store: no empty segments, none `.` or `..`, no control characters. */
const SEGMENT = '(?!\\.{1,2}(?:/|$))[^/\\u0000-\\u001f\\u007f]+';

/** The key of an object in the store. */
export function keyRule(prefixes: readonly string[]) {
  const faultOf = (key: string): string | undefined => {
    if (Buffer.byteLength(key) > KEY_BYTES)
      return `expected an object key of at most ${KEY_BYTES} bytes`;
    const isPlaced = prefixes.some((prefix) => key.startsWith(prefix));
    return isPlaced ? keyFault(key) : `expected a key under ${prefixes.join(', ')}`;
  };
  return v.pipe(
    v.string('expected an object key'),
    v.rawCheck(({ dataset, addIssue }) => {
      const message = dataset.typed ? faultOf(dataset.value) : undefined;
      if (message !== undefined) addIssue({ message });
    }),
    inJson({
      maxLength: KEY_BYTES,
      pattern: `^(?:${prefixes.join('|')})${SEGMENT}(?:/${SEGMENT})*$`,
    }),
  );
}

export const keyBody = <More extends v.ObjectEntries>(prefixes: readonly string[], more: More) =>
  strictObject({ key: keyRule(prefixes), ...more });

/** Elsewhere nothing is a manifest, and a function may not even look: a store tells no 404 there. */
export const manifestBody = keyBody(['cos-fetch/', 'fetches/'], {
  onKeyExist: sameKeyRule,
  credentials: account,
});

/** What to list: an address of a source's bucket. */
export const listBody = strictObject({
  source: prefixRule,
  filters: v.exactOptional(listFilters),
});

const ofTask = {
  projectId: v.exactOptional(matching(PROJECT_ID, 'a project id')),
  credentials: account,
  failedObjectsOnly: v.exactOptional(flag),
};

const omsRegion = v.exactOptional(matching(HUAWEI_REGION, 'a region such as cn-north-4'));

export const omsStartBody = strictObject({ region: omsRegion, ...ofTask });

const { failedObjectsOnly: _, ...ofAnyTask } = ofTask;

/** Where a task or group of OMS is, and with whose keys. */
export const omsPlace = { region: omsRegion, ...ofAnyTask };

export const omsPlaceQuery = parameters(omsPlace);

const version = v.exactOptional(v.picklist(['v1', 'v2'], 'expected v1 or v2'));

/** A list of tasks to start: the upload `oms/<region>/<name>.json`. */
const MAX_TASKS = 1_000;

const taskItem = v.pipe(
  strictObject({
    taskId: v.exactOptional(
      v.pipe(
        v.union([v.string(), v.pipe(v.number(), v.safeInteger())], 'expected a task id'),
        v.transform(String),
        v.regex(TASK_ID, 'expected a task id of 1 to 15 digits'),
      ),
    ),
    groupId: v.exactOptional(matching(GROUP_ID, 'a group id')),
    version,
    ...ofTask,
  }),
  v.partialCheck(
    [['taskId'], ['groupId']],
    ({ taskId, groupId }) => (taskId === undefined) !== (groupId === undefined),
    'expected either a taskId or a groupId',
  ),
  v.forward(
    v.partialCheck(
      [['groupId'], ['version']],
      ({ groupId, version }) => groupId === undefined || version !== 'v1',
      'expected v2: v1 has no groups',
    ),
    ['version'],
  ),
);

export const taskListBody = strictObject({
  version,
  ...ofTask,
  tasks: v.pipe(
    v.array(taskItem, 'expected a list of tasks'),
    v.minLength(1, 'expected at least one task'),
    v.maxLength(MAX_TASKS, `expected at most ${MAX_TASKS} tasks`),
  ),
});

export type TaskList = v.InferOutput<typeof taskListBody>;

/** Of one request, which ends after half a minute. */
const MAX_REDRIVEN = 1_000;

/** COS tells no region of a job. */
const jobRegion = matching(REGION, 'a region such as ap-chengdu');

const reason = 'expected text of at most 256 bytes';

const jobPlace = { region: jobRegion, credentials: account };

export const confirmJobBody = strictObject(jobPlace);

export const cancelJobBody = strictObject({
  ...jobPlace,
  reason: v.exactOptional(v.pipe(v.string(reason), v.maxBytes(256, reason))),
});

export const jobPriorityBody = strictObject({
  ...jobPlace,
  priority: wholeNumber(0, 2_147_483_647),
});

export const redriveBody = strictObject({
  limit: v.optional(wholeNumber(1, MAX_REDRIVEN), MAX_REDRIVEN),
});

export const retryBody = strictObject({
  class: v.exactOptional(
    v.pipe(
      v.array(
        v.picklist(CAUSE_CLASSES, `expected some of ${CAUSE_CLASSES.join(', ')}`),
        `expected a list of ${CAUSE_CLASSES.join(', ')}`,
      ),
      v.minLength(1, 'expected at least one class; leave it out for all'),
      v.maxLength(CAUSE_CLASSES.length, 'expected each class at most once'),
    ),
  ),
});

/** Where uploads start something, and lists for migrations; the rest of the store is Waybill's own. */
export const UPLOAD_PREFIXES = [
  'cos-fetch/',
  'cos-batch/',
  'lists/',
  'oms/',
  'oms-lists/',
] as const;

export const uploadBody = strictObject({
  key: v.pipe(
    keyRule(UPLOAD_PREFIXES),
    v.regex(/^(?!lists\/[0-9a-f]{24}\/)/, 'expected no part of a list that Waybill wrote'),
  ),
});

/** The query of a route that takes no parameters. */
export const noQuery = parameters({});
