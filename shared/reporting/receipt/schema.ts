/** The schemas that check the lines of a receipt from an untrusted file. */
import * as v from 'valibot';
import { OPERATIONS } from '../../ledger/model.ts';
import { FINAL_STATES } from './format.ts';

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits'));

export const headerShape = v.object({
  type: v.literal('header'),
  version: v.literal(1),
  runId: v.string(),
  operation: v.picklist(OPERATIONS),
  source: v.optional(v.object({ bucket: v.string(), key: v.string(), etag: v.string() })),
  target: v.optional(v.object({ region: v.string(), bucket: v.string() })),
  closing: v.string(),
  part: v.pipe(whole, v.minValue(1)),
  parts: v.pipe(whole, v.minValue(1)),
  shards: v.union([v.strictTuple([]), v.strictTuple([whole, whole])]),
  previous: digest,
  createdAt: v.string(),
});

export type ParsedHeader = v.InferOutput<typeof headerShape>;

export const transferShape = v.object({
  type: v.literal('transfer'),
  transferId: v.string(),
  state: v.picklist(FINAL_STATES),
  attempt: whole,
  key: v.optional(v.string()),
  md5: v.optional(v.string()),
  at: v.string(),
  code: v.optional(v.string()),
});

export type ParsedTransfer = v.InferOutput<typeof transferShape>;

export const footerShape = v.object({
  type: v.literal('footer'),
  transfers: whole,
  counts: v.object({ succeeded: whole, failed: whole, cancelled: whole }),
  head: digest,
  root: digest,
});

export type ParsedFooter = v.InferOutput<typeof footerShape>;

export const isHash = (text: string): boolean => v.is(digest, text);
