/** The schemas of responses about certificates (spec section 18). */
import * as v from 'valibot';
import { AUDIT_LEVELS } from '../audit/judge.ts';
import { count, fileShape, instant, verdictsShape } from './responses.ts';

export const certificateKeysShape = v.strictObject({
  keys: v.array(
    v.strictObject({
      keyId: v.string(),
      algorithm: v.literal('Ed25519'),
      /** PEM. */
      publicKey: v.string(),
    }),
  ),
});

/** A signed statement: its last member signs the bytes before it. */
export const certificateShape = v.strictObject({
  type: v.literal('waybill-certificate'),
  version: v.literal(1),
  issuedAt: instant,
  audit: v.strictObject({
    runId: v.string(),
    migrationId: v.optional(v.string()),
    level: v.picklist(AUDIT_LEVELS),
  }),
  /** What should be in the target, with its control totals. */
  source: v.strictObject({
    kind: v.picklist(['manifest', 'list']),
    /** Of the manifest. */
    key: v.optional(v.string()),
    etag: v.optional(v.string()),
    /** That listed the source. */
    runId: v.optional(v.string()),
    lines: count,
    leftOut: v.record(v.string(), count),
    repeated: count,
    objects: count,
    bytes: v.string(),
    withoutSize: count,
    files: v.array(fileShape),
  }),
  /** Of a migration: what the providers said of its objects. */
  outcomes: v.optional(v.record(v.string(), count)),
  target: v.strictObject({
    address: v.string(),
    prefix: v.string(),
    objects: count,
    bytes: v.string(),
    folderMarkers: count,
  }),
  verdicts: v.strictObject(verdictsShape),
  proofs: v.strictObject({ crc64: count, md5: count, empty: count }),
  requests: v.strictObject({ targetLists: count, targetHeads: count, sourceHeads: count }),
  reports: v.array(fileShape),
  verdict: v.picklist(['GO', 'NO-GO']),
  reasons: v.array(v.string()),
  signature: v.strictObject({
    algorithm: v.literal('Ed25519'),
    keyId: v.string(),
    value: v.string(),
  }),
});
