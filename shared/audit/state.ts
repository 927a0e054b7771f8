/**
 * What is kept of an audit while it is under way: what to compare, the sorted chunks of both sides, how far
 * their join is, and the verdicts so far. A note of the ledger, changed with every checkpoint.
 */

import * as v from 'valibot';
import { type KeptState, readState, saveState } from '../ledger/kept-state.ts';
import type { Notes } from '../ledger/notes.ts';
import { writersShape } from '../ledger/written-parts.ts';
import { TARGET_KINDS } from '../manifest/target-address.ts';
import { AUDIT_LEVELS, VERDICTS } from './judge.ts';

const text = v.string();

const count = v.number();

const orderShape = v.object({
  /** What should be in the target: the lines of a manifest, or of the parts that a run listed. */
  of: v.variant('kind', [
    v.object({ kind: v.literal('manifest'), key: text, etag: v.exactOptional(text) }),
    v.object({ kind: v.literal('list'), runId: text }),
  ]),
  target: v.object({
    kind: v.picklist(TARGET_KINDS),
    region: text,
    bucket: text,
    credentials: v.exactOptional(text),
  }),
  /** From keys as they are listed to keys at the target. @default as they are */
  keys: v.exactOptional(v.object({ strip: text, add: text })),
  /** Decoded. @default what all keys begin with */
  prefix: v.exactOptional(text),
  level: v.picklist(AUDIT_LEVELS),
});

export type AuditOrder = v.InferOutput<typeof orderShape>;

const position = v.object({
  token: v.exactOptional(text),
  marker: v.exactOptional(text),
  after: v.exactOptional(text),
});

const places = v.object({
  places: v.array(v.object({ chunk: count, byte: count, skip: count })),
  lastKey: v.optional(text),
  repeated: count,
});

/** Chunks that are written, and the sequences that they make. */
const chunks = {
  writers: writersShape,
  sequences: v.object({ chunks: v.array(count), lastKey: v.exactOptional(text) }),
  objects: count,
  /** Text, as it may exceed 2^53. */
  bytes: text,
};

const stateShape = v.object({
  order: orderShape,
  phase: v.picklist(['source', 'target', 'join', 'heads', 'reports', 'end']),
  source: v.object({
    ...chunks,
    /** Behind the entries that are written: a file, and how many of it. */
    at: v.object({ file: count, entry: count }),
    /** All that the list names: `objects` and what is left out. */
    lines: count,
    leftOut: v.record(text, count),
    withoutSize: count,
    /** What all keys so far begin with. */
    prefix: v.exactOptional(text),
  }),
  target: v.object({
    ...chunks,
    /** Where the list goes on. */
    rest: v.exactOptional(v.object({ from: v.exactOptional(position) })),
  }),
  /** Behind what is joined. */
  joined: v.exactOptional(v.object({ source: places, target: places })),
  /** Behind the pairs that HEADs have decided. */
  headed: v.object({ part: count, line: count }),
  verdicts: v.object(
    Object.fromEntries(VERDICTS.map((verdict) => [verdict, count])) as Record<
      (typeof VERDICTS)[number],
      typeof count
    >,
  ),
  /** Of the proved ones. */
  proofs: v.object({ crc64: count, md5: count, empty: count }),
  /** Empty objects of the target that stand for folders; none of them is extra. */
  folderMarkers: count,
  /** Parts of the reports, and pairs that wait for HEADs. */
  parts: v.object({
    missing: writersShape,
    different: writersShape,
    undecided: writersShape,
    extra: writersShape,
    pending: writersShape,
  }),
  /** Requests that were sent. */
  requests: v.object({ targetLists: count, targetHeads: count, sourceHeads: count }),
});

export type AuditState = v.InferOutput<typeof stateShape>;

export type PartKind = keyof AuditState['parts'];

export type Verdicts = AuditState['verdicts'];

const noChunks = { writers: [], sequences: { chunks: [] }, objects: 0, bytes: '0' };

export const newAudit = (order: AuditOrder): AuditState => ({
  order,
  phase: 'source',
  source: { ...noChunks, at: { file: 0, entry: 0 }, lines: 0, leftOut: {}, withoutSize: 0 },
  target: { ...noChunks, rest: {} },
  headed: { part: 0, line: 0 },
  verdicts: { proved: 0, plausible: 0, undecided: 0, different: 0, missing: 0, extra: 0 },
  proofs: { crc64: 0, md5: 0, empty: 0 },
  folderMarkers: 0,
  parts: { missing: [], different: [], undecided: [], extra: [], pending: [] },
  requests: { targetLists: 0, targetHeads: 0, sourceHeads: 0 },
});

const nameOf = (runId: string): string => `audit ${runId}`;

/** Undefined when there is no audit of this run. @throws StoreError */
export const readAudit = (ledger: Pick<Notes, 'readNote'>, runId: string) =>
  readState(ledger, nameOf(runId), stateShape);

/** @throws LeasedError when another worker goes on with it; StoreError */
export const saveAudit = (
  ledger: Notes,
  runId: string,
  state: AuditState,
  version: number | undefined,
): Promise<KeptState<AuditState>> => saveState(ledger, nameOf(runId), state, version);
