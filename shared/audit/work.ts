/** What the phases of an audit share: its state, checkpoints, and the requests that they send. */
import type { KeptState } from '../ledger/kept-state.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { nextPartName, withPart } from '../ledger/written-parts.ts';
import type { Log } from '../lib/log.ts';
import type { Sources } from '../manifest/sources/sources.ts';
import type { TargetBucket } from '../providers/target.ts';
import type { SigningKey } from '../signing/certificate.ts';
import { auditPartKey } from '../stores/layout.ts';
import type { Content, Objects } from '../stores/objects.ts';
import { CHUNK_CHARS } from './chunks.ts';
import { type AuditOrder, type AuditState, type PartKind, saveAudit } from './state.ts';

export interface AuditOptions {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly sources: Sources;
  /** @throws InputError (NOT_FOUND) without its keys; StoreError */
  readonly openTarget: OpenTarget;
  /** Signs certificates, as it is now; without one there are none. */
  readonly certificateKey?: (() => SigningKey | undefined) | undefined;
  /** Counts of a migration by outcome, for its certificate. */
  readonly outcomesOf?: (migrationId: string) => Promise<Outcomes | undefined>;
  readonly log: Log;
  readonly now: () => Date;
  /** Text of a chunk and of a part of a report, and pairs that are compared at a time. @default 4 MiB, 4 MiB, 5000 */
  readonly sizes?: {
    readonly chunkChars: number;
    readonly partChars: number;
    readonly batch: number;
  };
}

/** Objects by what became of them. */
export type Outcomes = Readonly<Record<string, number>>;

export type OpenTarget = (
  target: AuditOrder['target'],
  onRequest: (kind: 'list' | 'head') => void,
) => Promise<TargetBucket>;

/** `late`: the time is over, or the run is paused; `stopped`: somebody ended it. */
export type Outcome = 'done' | 'late' | 'stopped';

export interface Work extends AuditOptions {
  readonly runId: string;
  /** As of the last checkpoint. */
  readonly state: AuditState;
  readonly sizes: NonNullable<AuditOptions['sizes']>;
  readonly isLate: () => boolean;
  count(kind: keyof AuditState['requests']): void;
  /** Writes a part, which belongs to the audit once the returned writers are saved. */
  put(kind: PartKind | 'source' | 'target', text: Content): Promise<AuditState['parts'][PartKind]>;
  /** Writes a checkpoint. @returns whether to go on */
  save(next: AuditState): Promise<'on' | 'late' | 'stopped'>;
}

interface WorkOptions extends AuditOptions {
  readonly runId: string;
  readonly kept: KeptState<AuditState>;
  readonly worker: string;
  readonly deadline: Date;
}

const SIZES = { chunkChars: CHUNK_CHARS, partChars: 4_194_304, batch: 5_000 };

export function createWork({ runId, kept, worker, deadline, ...options }: WorkOptions): Work {
  const { ledger, log, now, objects, sizes = SIZES } = options;
  let { state, version } = kept;
  const requests = { targetLists: 0, targetHeads: 0, sourceHeads: 0 };
  const isLate = () => now() >= deadline;

  const writersOf = (kind: PartKind | 'source' | 'target') =>
    kind === 'source' || kind === 'target' ? state[kind].writers : state.parts[kind];

  return {
    ...options,
    runId,
    sizes,
    isLate,
    get state() {
      return state;
    },
    count(kind) {
      requests[kind] += 1;
    },
    async put(kind, text) {
      const writers = writersOf(kind);
      await objects.put(auditPartKey(runId, kind, nextPartName(writers, worker)), text);
      return withPart(writers, worker);
    },
    async save(next) {
      const { targetLists, targetHeads, sourceHeads } = state.requests;
      const sent = {
        targetLists: targetLists + requests.targetLists,
        targetHeads: targetHeads + requests.targetHeads,
        sourceHeads: sourceHeads + requests.sourceHeads,
      };
      ({ state, version } = await saveAudit(ledger, runId, { ...next, requests: sent }, version));
      Object.assign(requests, { targetLists: 0, targetHeads: 0, sourceHeads: 0 });
      log.info('audit.checkpoint', { runId, phase: state.phase, ...state.verdicts });
      const run = await ledger.run(runId);
      if (run?.state !== 'planning' && run?.state !== 'paused') return 'stopped';
      return isLate() || run.state === 'paused' ? 'late' : 'on';
    },
  };
}
