/** Answers of the HTTP API that the command line reads. Their known fields are checked, others are kept. */
import * as v from 'valibot';
import { TRANSFER_STATES } from '../../shared/ledger/merge.ts';
import { RUN_STATES } from '../../shared/ledger/model.ts';

export const size = v.pipe(v.number(), v.integer(), v.minValue(0));
export const instant = v.pipe(v.string(), v.isoTimestamp());
export const cause = v.looseObject({ code: v.string(), message: v.string(), class: v.string() });

/** Of a run, and of all runs of a migration. */
export const objectCounts = {
  quarantined: size,
  planned: size,
  submitting: size,
  submitted: size,
  succeeded: size,
  failed: size,
  cancelled: size,
};

export const audit = v.looseObject({
  level: v.string(),
  /** Whether all is compared. */
  isWhole: v.boolean(),
  /** All that should be in the target. */
  objects: size,
  proved: size,
  plausible: size,
  undecided: size,
  different: size,
  missing: size,
  extra: size,
  proofs: v.looseObject({ crc64: size, md5: size }),
  requests: v.looseObject({ targetLists: size, targetHeads: size, sourceHeads: size }),
});

export type AuditCounts = v.InferOutput<typeof audit>;

export const run = v.looseObject({
  runId: v.string(),
  operation: v.optional(v.string(), 'cos-offline-fetch'),
  state: v.picklist(RUN_STATES),
  error: v.optional(cause),
  counts: v.looseObject({
    lines: size,
    ...objectCounts,
    /** Lines that were never read to be sent; null when nothing was read yet. */
    unread: v.nullable(size),
  }),
  progress: v.looseObject({
    /** Of the manifest, that were read, and all; null while it is planned. */
    bytes: size,
    bytesTotal: v.nullable(size),
    /** Transfers that succeeded or failed, and all; null when nothing was read yet. */
    done: size,
    total: v.nullable(size),
    percent: size,
    isEstimate: v.boolean(),
  }),
  source: v.optional(v.looseObject({ key: v.string() })),
  target: v.optional(v.looseObject({ region: v.string(), bucket: v.string() })),
  /** What it starts; of several tasks the first. */
  task: v.optional(
    v.looseObject({
      taskId: v.optional(v.string()),
      groupId: v.optional(v.string()),
      name: v.optional(v.string()),
    }),
  ),
  /** The nightly run that took over its failures. */
  handedTo: v.optional(v.string()),
  audit: v.optional(audit),
  createdAt: instant,
  closedAt: v.nullable(instant),
});
export type RunView = v.InferOutput<typeof run>;

export const pace = v.looseObject({
  /** With its time zone; null when there is none. */
  pace: v.nullable(v.string()),
  /** That of the configuration. */
  configured: v.nullable(v.string()),
  perSecond: v.nullable(size),
  until: v.nullable(instant),
});
export type PaceView = v.InferOutput<typeof pace>;

export const runPage = v.looseObject({
  runs: v.array(run),
  nextCursor: v.nullable(v.string()),
});

export const transfer = v.looseObject({
  transferId: v.string(),
  runId: v.string(),
  operation: v.optional(v.string()),
  state: v.picklist(TRANSFER_STATES),
  attempt: size,
  key: v.optional(v.string()),
  url: v.optional(v.string()),
  /** Why key and URL are unknown: `gone` or `changed`. */
  manifest: v.optional(v.string()),
  task: v.optional(
    v.looseObject({
      kind: v.string(),
      version: v.optional(v.string()),
      taskId: v.optional(v.string()),
      groupId: v.optional(v.string()),
    }),
  ),
  providerId: v.optional(v.string()),
  cause: v.optional(
    v.looseObject({
      ...cause.entries,
      provider: v.optional(v.string()),
      requestId: v.optional(v.string()),
    }),
  ),
  updatedAt: instant,
  history: v.array(
    v.looseObject({
      at: instant,
      attempt: size,
      event: v.string(),
      state: v.string(),
      providerId: v.optional(v.string()),
      code: v.optional(v.string()),
      requestId: v.optional(v.string()),
    }),
  ),
});
export type TransferView = v.InferOutput<typeof transfer>;

export const transferPage = v.looseObject({
  transfers: v.array(transfer),
  nextCursor: v.nullable(v.string()),
});

export const failureGroup = v.looseObject({ ...cause.entries, count: size });
/** The failures of a run with one cause; `message` is that of the first. */
export type FailureGroup = v.InferOutput<typeof failureGroup>;

export const summary = v.looseObject({
  failures: v.array(failureGroup),
  coverage: v.optional(
    v.looseObject({
      bytes: size,
      bytesTotal: v.nullable(size),
      percent: v.nullable(size),
      shards: size,
      header: size,
      blank: size,
      transfers: size,
    }),
  ),
  /** Of a stopped run: lines of `rest.csv`, or why there is none. */
  rest: v.optional(v.looseObject({ lines: v.optional(size), error: v.optional(cause) })),
  warnings: v.optional(v.record(v.string(), size)),
});
export type Summary = v.InferOutput<typeof summary>;

export const deadLetters = v.looseObject({ dead: size });
export const redriven = v.looseObject({ moved: size, left: size });

export const batchStarted = v.looseObject({ runId: v.string(), jobId: v.nullable(v.string()) });

export const started = v.looseObject({ runId: v.string() });
export const ordered = v.looseObject({
  runId: v.string(),
  ordered: size,
  /** Transfers that are ordered or sent next. */
  pending: size,
  unread: v.nullable(size),
});

/** Where to send a file, and how. The address may be one of the service itself. */
export const uploadTicket = v.looseObject({
  method: v.picklist(['PUT', 'POST']),
  url: v.pipe(v.string(), v.nonEmpty()),
  headers: v.optional(v.record(v.string(), v.string()), {}),
});

/** RFC 9457; a gateway may leave out any of it. */
export const problem = v.looseObject({
  title: v.optional(v.string()),
  detail: v.optional(v.string()),
  code: v.optional(v.string()),
  errors: v.optional(v.array(v.looseObject({ path: v.string(), message: v.string() })), []),
});

export const jobNamed = v.looseObject({ jobId: v.string() });

export const omsNamed = v.looseObject({
  taskId: v.optional(v.string()),
  groupId: v.optional(v.string()),
});
