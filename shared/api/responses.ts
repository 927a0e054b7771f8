/**
 * The schemas of the HTTP API's responses (spec section 6), for the OpenAPI document and for tests
 * that check responses against it.
 */
import * as v from 'valibot';
import { AUDIT_LEVELS, VERDICTS } from '../audit/judge.ts';
import { TRANSFER_STATES } from '../ledger/merge.ts';
import { OPERATIONS, RUN_STATES, TRANSFER_EVENTS, TRIGGERS } from '../ledger/model.ts';
import { CAUSE_CLASSES } from '../lib/errors.ts';
import { providerHealthShape } from '../limits/status.ts';
import { SOURCE_KINDS } from '../manifest/sources/config.ts';

export const instant = v.pipe(v.string(), v.isoTimestamp());

export const count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const causeShape = v.strictObject({
  provider: v.picklist(['tencent', 'huawei', 'waybill']),
  code: v.string(),
  message: v.string(),
  requestId: v.optional(v.string()),
  class: v.picklist(CAUSE_CLASSES),
});

/** Of a run, and of all runs of a migration. */
export const objectCounts = {
  quarantined: count,
  planned: count,
  submitting: count,
  submitted: count,
  succeeded: count,
  failed: count,
  cancelled: count,
};

const countsShape = v.strictObject({
  lines: count,
  ...objectCounts,
  /** Never read to be sent; an estimate while `progress.isEstimate`, null when nothing was read yet. */
  unread: v.nullable(count),
});

const sourceShape = v.strictObject({ bucket: v.string(), key: v.string(), etag: v.string() });

const targetShape = v.strictObject({
  region: v.string(),
  bucket: v.string(),
  /** The credential set that the request named. */
  credentials: v.optional(v.string()),
});

/** What a run of tasks starts; of several the first. */
const runTaskShape = v.strictObject({
  taskId: v.optional(v.string()),
  groupId: v.optional(v.string()),
  name: v.optional(v.string()),
});

export const verdictsShape = Object.fromEntries(
  VERDICTS.map((verdict) => [verdict, count]),
) as Record<(typeof VERDICTS)[number], typeof count>;

/** Of an audit, as far as it is. */
export const auditShape = v.strictObject({
  level: v.picklist(AUDIT_LEVELS),
  /** Whether all is compared. */
  isWhole: v.boolean(),
  /** All that should be in the target, as far as it is listed. */
  objects: count,
  ...verdictsShape,
  /** Of the proved ones. */
  proofs: v.strictObject({ crc64: count, md5: count, empty: count }),
  /** That were sent. */
  requests: v.strictObject({ targetLists: count, targetHeads: count, sourceHeads: count }),
});

export const runShape = v.strictObject({
  runId: v.string(),
  trigger: v.picklist(TRIGGERS),
  operation: v.picklist(OPERATIONS),
  state: v.picklist(RUN_STATES),
  error: v.optional(causeShape),
  counts: countsShape,
  progress: v.strictObject({
    bytes: count,
    bytesTotal: v.nullable(count),
    /** Transfers that succeeded or failed. */
    done: count,
    /** Of the whole manifest; null when nothing was read yet. */
    total: v.nullable(count),
    percent: count,
    isEstimate: v.boolean(),
  }),
  source: v.optional(sourceShape),
  target: v.optional(targetShape),
  task: v.optional(runTaskShape),
  handedTo: v.optional(v.string()),
  migrationId: v.optional(v.string()),
  /** Of an audit. */
  audit: v.optional(auditShape),
  createdAt: instant,
  closedAt: v.nullable(instant),
});

const omsTask = v.strictObject({
  kind: v.literal('oms'),
  version: v.picklist(['v1', 'v2']),
  region: v.string(),
  projectId: v.string(),
  taskId: v.optional(v.string()),
  groupId: v.optional(v.string()),
  credentials: v.string(),
  failedObjectsOnly: v.optional(v.boolean()),
  name: v.optional(v.string()),
});

const omsCreate = v.strictObject({
  kind: v.literal('oms-create'),
  region: v.string(),
  projectId: v.string(),
  credentials: v.string(),
  makes: v.picklist(['task', 'group']),
  marker: v.string(),
  list: v.optional(v.strictObject({ bucket: v.string(), key: v.string(), files: count })),
});

const batchTask = v.strictObject({
  kind: v.literal('batch'),
  region: v.string(),
  clientRequestToken: v.string(),
  credentials: v.exactOptional(v.string()),
  existing: v.exactOptional(v.number()),
  marker: v.string(),
  report: v.optional(v.strictObject({ bucket: v.string(), prefix: v.string() })),
});

/** The job that a request was about. */
export const jobIdShape = v.strictObject({ jobId: v.string() });

/** The task or group that a request was about. */
export const omsIdShape = v.strictObject({
  taskId: v.optional(v.string()),
  groupId: v.optional(v.string()),
});

export const transferShape = v.strictObject({
  transferId: v.string(),
  runId: v.string(),
  operation: v.picklist(OPERATIONS),
  state: v.picklist(TRANSFER_STATES),
  attempt: count,
  key: v.optional(v.string()),
  url: v.optional(v.string()),
  /** Why key and URL are unknown: the manifest was removed, or is not what was planned. */
  manifest: v.optional(v.picklist(['gone', 'changed'])),
  task: v.optional(v.union([omsTask, omsCreate, batchTask])),
  providerId: v.optional(v.string()),
  cause: v.optional(causeShape),
  progress: v.optional(
    v.strictObject({
      providerState: v.string(),
      name: v.optional(v.string()),
      objects: v.optional(count),
      objectsFailed: v.optional(count),
      objectsTotal: v.optional(count),
      bytes: v.optional(count),
      bytesTotal: v.optional(count),
      bytesPerSecond: v.optional(count),
    }),
  ),
  updatedAt: instant,
  history: v.array(
    v.strictObject({
      at: instant,
      attempt: count,
      event: v.picklist(TRANSFER_EVENTS),
      state: v.picklist(TRANSFER_STATES),
      providerId: v.optional(v.string()),
      code: v.optional(v.string()),
      requestId: v.optional(v.string()),
    }),
  ),
});

const cursor = v.nullable(v.string());

export const runsShape = v.strictObject({ runs: v.array(runShape), nextCursor: cursor });

export const transfersShape = v.strictObject({
  transfers: v.array(transferShape),
  nextCursor: cursor,
});

export const startedShape = v.strictObject({ runId: v.string() });

export const jobShape = v.strictObject({ runId: v.string(), jobId: v.nullable(v.string()) });

export const retriedShape = v.strictObject({
  runId: v.string(),
  ordered: count,
  /** Other transfers that wait to be sent; at most as many while the request is still being applied. */
  pending: count,
  /** Lines that were not read yet. */
  unread: v.nullable(count),
});

export const uploadShape = v.strictObject({
  method: v.literal('PUT'),
  /** Relative to the service, which wants the token too; or absolute, and signed. */
  url: v.string(),
  headers: v.record(v.string(), v.string()),
});

export const healthShape = v.strictObject({ providers: v.array(providerHealthShape) });

/** Never keys, and not what a publicUrl may hold. */
export const sourcesShape = v.strictObject({
  sources: v.array(
    v.strictObject({
      name: v.string(),
      kind: v.picklist(SOURCE_KINDS),
      bucket: v.string(),
      region: v.string(),
      /** What addresses of its objects begin with. */
      address: v.string(),
      /** What the provider is given: a URL of the source's own, a signed address, or the bucket's public one. */
      access: v.picklist(['publicUrl', 'signed', 'public']),
      credentials: v.nullable(v.string()),
      presignSeconds: v.nullable(count),
    }),
  ),
});

export const fileShape = v.strictObject({ name: v.string(), sizeBytes: count, sha256: v.string() });

/** The report `summary.json`. */
export const summaryShape = v.strictObject({
  ...v.pick(runShape, [
    'runId',
    'operation',
    'state',
    'error',
    'counts',
    'source',
    'target',
    'task',
    'createdAt',
    'closedAt',
  ]).entries,
  coverage: v.strictObject({
    bytes: count,
    bytesTotal: v.nullable(count),
    percent: v.nullable(count),
    shards: count,
    header: count,
    blank: count,
    transfers: count,
  }),
  failures: v.array(v.strictObject({ ...v.omit(causeShape, ['requestId']).entries, count })),
  /** Of a stopped run that is closed: lines of rest.csv, or why there is none. */
  rest: v.optional(
    v.union([v.strictObject({ lines: count }), v.strictObject({ error: causeShape })]),
  ),
  /** Lines by reason. */
  warnings: v.record(v.string(), count),
  /** Of a nightly pass. */
  nightly: v.optional(v.strictObject({ places: v.array(v.unknown()), left: v.array(v.unknown()) })),
  /** Where the run was closed: the other reports, as they were written. */
  reports: v.optional(v.array(fileShape)),
});

export const queueShape = v.strictObject({ waiting: count, inFlight: count, dead: count });

export const timetableShape = v.strictObject({
  nextAt: v.nullable(instant),
  timeZone: v.nullable(v.string()),
  requestedAt: v.nullable(instant),
});

export const redrivenShape = v.strictObject({ moved: count, left: count });

/** RFC 9457. */
export const problemShape = v.strictObject({
  type: v.string(),
  title: v.string(),
  status: v.number(),
  code: v.string(),
  detail: v.optional(v.string()),
  errors: v.optional(v.array(v.strictObject({ path: v.string(), message: v.string() }))),
});
