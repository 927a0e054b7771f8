/** Sends one transfer of a shard to COS offline fetch, if it may be sent, and records what came of it. */
import { latestId } from '../../../ledger/history.ts';
import type { Intent, Resolve } from '../../../ledger/intent.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import type { PlannedTransfer } from '../../../ledger/manifest-lines.ts';
import { isUnsent, refused, submitted } from '../../../ledger/outcomes.ts';
import type { SameKey, Shard } from '../../../ledger/shard.ts';
import { toCause } from '../../../lib/cause.ts';
import {
  type Cause,
  PaceClosedError,
  RunStoppedError,
  SourceKeysError,
} from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import type { CredentialBreaker } from '../../../limits/ports.ts';
import type { Sources } from '../../../manifest/sources/sources.ts';
import type { AccountOf } from '../accounts.ts';
import type { CallbackUrls } from './callback.ts';
import type { CosFetchClient } from './client.ts';

/** What sending to the targets of one account takes. */
interface FetchAccount {
  /** All calls with the one key pair. */
  readonly breaker: CredentialBreaker;
  readonly client: Pick<CosFetchClient, 'submit'>;
  readonly resolve: Resolve;
}

export interface SubmitOptions extends FetchAccount {
  /** Where targets have accounts of their own. */
  readonly accountOf?: AccountOf<FetchAccount>;
  readonly ledger: Ledger;
  readonly log: Log;
  /** What is fetched in place of the address of a source. @default every URL as it is */
  readonly sources?: Pick<Sources, 'sent'>;
  /** Where the provider reports the outcome of an attempt. */
  readonly urls: (transferId: string, attempt: number) => CallbackUrls;
  readonly now: () => Date;
}

export interface Sent {
  submitted: number;
  throttled: number;
}

export function createSubmit(options: SubmitOptions) {
  const { accountOf, ledger, now, urls } = options;

  /** Sends one transfer if it may be sent; true when it is settled for this delivery. */
  return async (
    transfer: PlannedTransfer,
    shard: Shard,
    intent: Intent,
    { onTurn, sent }: { onTurn: () => void; sent: Sent },
  ) => {
    const { id, key, line, md5, target, url } = transfer;
    const { breaker, client, resolve } = (await accountOf?.(target)) ?? options;
    const call = {
      group: shard.runId,
      signal: intent.signal,
      before: () => {
        onTurn();
        return intent.checkRun();
      },
      onRefused: (error: unknown) => stopRun(options, shard, intent, toCause(error)),
    };
    let attempt: number | undefined;
    try {
      attempt = await intent.next(transfer, (open, since) =>
        breaker.run(() => resolve(open, since), call),
      );
      if (attempt === undefined) return true;
      const { successCallbackUrl, failureCallbackUrl } = urls(id, attempt);
      const { onKeyExist, ignoreSameKey } = sameKeyOf(transfer, shard);
      const told = { key, md5, onKeyExist, ignoreSameKey, successCallbackUrl, failureCallbackUrl };
      // Signed at its turn, however long it waited for that.
      const send = async () =>
        client.submit(target, { ...told, url: await sentUrl(options, url, shard, intent) });
      const accepted = submitted(attempt, transfer, now);
      const report = await breaker
        .run(send, { ...call, isSend: true })
        .then(({ taskId }) => accepted(taskId), refused(attempt, transfer, now));
      const providerId = attempt === 1 ? latestId(report.accepted) : undefined;
      if (providerId === undefined) await ledger.record(id, report);
      else await intent.accept({ line, id: providerId, at: report.at });
      if (report.state === 'submitted') sent.submitted += 1;
      if (report.cause?.class === 'throttled') sent.throttled += 1;
      return report.event !== 'unanswered';
    } catch (error) {
      if (!isUnsent(error)) throw error;
      // The shard waits until the pace allows more.
      if (error instanceof PaceClosedError) intent.stop();
      if (attempt !== undefined) await intent.giveBack(transfer, attempt);
      return true;
    }
  };
}

/** Ends the run whose key pair is refused. */
async function stopRun(
  { ledger, log, now }: SubmitOptions,
  { runId }: Shard,
  intent: Intent,
  error: Cause,
): Promise<void> {
  intent.stop();
  if (await ledger.stopRun(runId, { state: 'failed', at: now(), error })) {
    log.error('run.credentials-refused', { runId, code: error.code });
  }
}

/** What the provider is told to fetch; keys of a source that end too soon end the run. */
async function sentUrl(
  options: SubmitOptions,
  url: string,
  shard: Shard,
  intent: Intent,
): Promise<string> {
  try {
    return (await options.sources?.sent(url)) ?? url;
  } catch (error) {
    if (!(error instanceof SourceKeysError)) throw error;
    await stopRun(options, shard, intent, toCause(error));
    throw new RunStoppedError(shard.runId);
  }
}

/** What the line said, else the request, where they said anything. */
function sameKeyOf(line: PlannedTransfer, shard: Shard): SameKey {
  const { onKeyExist = shard.onKeyExist } = line;
  if (onKeyExist !== undefined) return { onKeyExist };
  return shard.ignoreSameKey === undefined ? {} : { ignoreSameKey: shard.ignoreSameKey };
}
