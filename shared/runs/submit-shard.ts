/**
 * Submits a shard to COS offline fetch, one request per object, and says what became of it. A
 * repeated shard first resolves what it left open.
 */
import { randomUUID } from 'node:crypto';
import { createIntent } from '../ledger/intent.ts';
import type { IntentWindow } from '../ledger/ledger.ts';
import type { PlannedTransfer } from '../ledger/manifest-lines.ts';
import type { Run } from '../ledger/model.ts';
import type { Shard } from '../ledger/shard.ts';
import type { RunWatch } from '../ledger/stops.ts';
import { toCause } from '../lib/cause.ts';
import { untilTime } from '../lib/deadline.ts';
import { InputError, UnsettledError, WaybillError } from '../lib/errors.ts';
import { type Metrics, noMetrics } from '../lib/metrics.ts';
import type { Limiter } from '../limits/ports.ts';
import type { ShardReader } from '../manifest/shards.ts';
import { stageRejected } from '../manifest/staging.ts';
import {
  createSubmit,
  type Sent,
  type SubmitOptions,
} from '../providers/tencent/offline-fetch/submit.ts';
import type { QueueRecord } from '../runtime/events.ts';
import type { Invocation } from '../runtime/per-message.ts';
import type { Objects } from '../stores/objects.ts';
import type { Hold } from '../stores/queue.ts';
import { createSlices } from './slices.ts';

export interface SubmitShardOptions extends SubmitOptions {
  /** Works on the objects of a shard side by side. */
  readonly each: Limiter['each'];
  readonly metrics?: Metrics;
  readonly objects: Pick<Objects, 'put' | 'read'>;
  /** Where messages that are given back would come again too late. */
  readonly hold?: Hold | undefined;
  readonly read: ShardReader;
  readonly settleMs: number;
}

/** What became of a shard; one that `goes on` was given back before its end. */
type Outcome = 'ended' | 'goes on' | 'leased' | 'stopped';

/** Longer than a function may run, so that a lease never ends under its holder on AWS. */
const LEASE_MS = 20 * 60_000;

/** Where a process goes on for as long as it lives, it renews its leases, and others need not wait long. */
const RENEWED_MS = 60_000;

type SubmitShard = (
  shard: Shard,
  watch: RunWatch,
  delivery: Invocation & Pick<QueueRecord, 'receipt'>,
) => Promise<Outcome>;

export function createSubmitShard(options: SubmitShardOptions): SubmitShard {
  const { each, ledger, log, metrics = noMetrics, objects, hold, read, settleMs, now } = options;
  const slice = createSlices({ ledger, now });
  const submit = createSubmit(options);

  return async (shard, watch, { deadline, receipt }) => {
    const lease = { owner: randomUUID(), leaseMs: hold ? LEASE_MS : RENEWED_MS };
    const opened = await ledger.openShard(shard, { ...lease, at: now() });
    if (typeof opened === 'string') return opened;
    // Should this worker die, the next one comes as soon as the lease has ended.
    await hold?.(receipt, LEASE_MS + 60_000).catch((error: unknown) => {
      log.warn('message.not-held', { shard: shard.id }, error);
    });
    const lines = read(shard);
    const seen = () => lines.tally;
    const intent = createIntent({ ledger, shard, opened, lease, watch, settleMs, seen, now });
    const renewal = hold
      ? undefined
      : setInterval(() => void intent.checkRun().catch(() => {}), RENEWED_MS / 3);
    const timely = untilTime(lines, { deadline, isOver: slice(), now, signal: watch.signal });
    const sent: Sent = { submitted: 0, throttled: 0 };
    let open = 0;
    let rest: readonly IntentWindow[] | undefined;
    const work = async (): Promise<Outcome> => {
      const send = async (transfer: PlannedTransfer, onTurn: () => void): Promise<void> => {
        const turn = { onTurn, sent };
        const settled = await submit(transfer, shard, intent, turn).catch(isUnsettled);
        if (settled) intent.settle(transfer.line);
        else open += 1;
      };
      await each(timely, send, { tellsTurn: true }).finally(intent.flush);
      if (intent.signal.aborted) {
        rest = intent.windowsBelow(intent.unsentFrom);
        return 'stopped';
      }
      if (timely.rest) {
        const { line } = timely.rest;
        // Where nothing is open, every line before has its row, and needs no window any more.
        const isNeeded = ({ through }: IntentWindow): boolean => open > 0 || through > line;
        rest = intent.windowsBelow(line).filter(isNeeded);
        return 'goes on';
      }
      if (open > 0) throw new UnsettledError(shard.id);
      await stageRejected(objects, shard, lines.quarantined);
      await ledger.endShard(shard, { ...lease, at: now() }, lines.tally);
      return 'ended';
    };
    const outcome = await work()
      .catch((error: unknown) => failRun(options, shard, error))
      .finally(() => {
        clearInterval(renewal);
        metrics({ Submitted: sent.submitted, Throttled: sent.throttled });
        return ledger.releaseShard(shard, { ...lease, at: now() }, rest);
      });
    if (outcome !== 'stopped') return outcome;
    // Whoever resumed or reopened the run meanwhile found the shard taken, so this is asked only now.
    return isOpen(await ledger.run(shard.runId)) ? 'goes on' : 'stopped';
  };
}

/** A fault of the manifest ends its run. */
async function failRun(
  { ledger, log, now }: SubmitShardOptions,
  { runId, index }: Shard,
  error: unknown,
): Promise<Outcome> {
  if (!(error instanceof InputError)) throw error;
  await ledger.stopRun(runId, { state: 'failed', at: now(), error: toCause(error) });
  log.error('run.failed', { runId, shard: index }, error);
  return 'stopped';
}

const isOpen = (run: Run | undefined): boolean =>
  run?.state === 'planning' || run?.state === 'active';

/** An open intent that is too young counts as not settled; any other failure is one. */
function isUnsettled(error: unknown): false {
  if (error instanceof WaybillError && error.sent === 'unknown') return false;
  throw error;
}
