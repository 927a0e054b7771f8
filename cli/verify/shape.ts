/** What `waybill verify --json` prints. */
import * as v from 'valibot';

const size = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Null where there is nothing to say. */
export const verifyShape = v.object({
  verified: v.boolean(),
  /** The first thing that is wrong; a line counts from 1. */
  fault: v.nullable(
    v.object({ file: v.nullable(v.string()), line: v.nullable(size), message: v.string() }),
  ),
  runId: v.nullable(v.string()),
  operation: v.nullable(v.string()),
  closing: v.nullable(v.string()),
  parts: v.nullable(size),
  transfers: v.nullable(size),
  counts: v.nullable(v.object({ succeeded: size, failed: size, cancelled: size })),
  root: v.nullable(v.string()),
  /** Whether the root was compared with one that was kept elsewhere. */
  compared: v.boolean(),
  key: v.nullable(
    v.object({
      key: v.string(),
      moved: v.boolean(),
      /** One for each transfer of the key, with the proof that its line is in the receipt. */
      found: v.array(
        v.object({
          transferId: v.string(),
          state: v.string(),
          attempt: size,
          key: v.optional(v.string()),
          md5: v.optional(v.string()),
          at: v.string(),
          code: v.optional(v.string()),
          file: v.string(),
          part: size,
          line: size,
          index: size,
          size,
          text: v.string(),
          path: v.array(v.string()),
          partRoot: v.string(),
          partPath: v.array(v.string()),
        }),
      ),
    }),
  ),
});
export type Verification = v.InferOutput<typeof verifyShape>;
