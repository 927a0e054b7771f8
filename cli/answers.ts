/** The answers of the HTTP API that the command line reads: their fields are checked, others kept. */
import * as v from 'valibot';

const size = v.pipe(v.number(), v.integer(), v.minValue(0));
const cause = v.looseObject({ code: v.string(), message: v.string(), class: v.string() });

export const run = v.looseObject({
  runId: v.string(),
  operation: v.optional(v.string(), 'cos-offline-fetch'),
  state: v.picklist(['planning', 'active', 'completed', 'cancelled', 'failed']),
  error: v.optional(cause),
  counts: v.looseObject({
    lines: size,
    quarantined: size,
    planned: size,
    submitting: size,
    submitted: size,
    succeeded: size,
    failed: size,
    cancelled: size,
  }),
  /** Bytes of the manifest that were read, and all; null while it is planned. */
  progress: v.looseObject({ bytes: size, bytesTotal: v.nullable(size) }),
  source: v.optional(v.looseObject({ key: v.string() })),
  target: v.optional(v.looseObject({ region: v.string(), bucket: v.string() })),
  createdAt: v.pipe(v.string(), v.isoTimestamp()),
  closedAt: v.nullable(v.pipe(v.string(), v.isoTimestamp())),
});
export type RunView = v.InferOutput<typeof run>;

export const runPage = v.looseObject({
  runs: v.array(run),
  nextCursor: v.nullable(v.string()),
});
export type RunPage = v.InferOutput<typeof runPage>;

export const summary = v.looseObject({
  failures: v.array(v.looseObject({ ...cause.entries, count: size })),
});
/** The failures of a run with one cause; `message` is that of the first. */
export type FailureGroup = v.InferOutput<typeof summary>['failures'][number];

export const deadLetters = v.looseObject({ dead: size });
export const redriven = v.looseObject({ moved: size, left: size });

export const started = v.looseObject({ runId: v.string() });

/** RFC 9457; a gateway may leave out any of it. */
export const problem = v.looseObject({
  title: v.optional(v.string()),
  detail: v.optional(v.string()),
  errors: v.optional(v.array(v.looseObject({ path: v.string(), message: v.string() })), []),
});
