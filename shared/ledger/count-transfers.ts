/**
 * Counts the transfers that this process brings to a state, by provider: each once, however often it
 * is told.
 */
import type { Metrics } from '../lib/metrics.ts';
import type { Ledger } from './ledger.ts';
import { isFinal } from './merge.ts';
import { type Operation, parseTransferId, type TransferUpdate } from './model.ts';

type Provider = 'tencent' | 'huawei';

const PROVIDERS: Readonly<Partial<Record<Operation, Provider>>> = {
  'cos-batch-job': 'tencent',
  'cos-offline-fetch': 'tencent',
  'oms-v1-start-task': 'huawei',
  'oms-v2-create-task': 'huawei',
  'oms-v2-start-task': 'huawei',
};

/** A state that is told again after so many others counts again. */
const REMEMBERED = 20_000;

const MOST_RUNS = 1_000;

/** The same ledger; what can't be found out for a count is labelled `none`. */
export function countTransfers(ledger: Ledger, metrics: Metrics): Ledger {
  const runs = new Map<string, Promise<Provider | undefined>>();
  const counted = new Set<string>();

  const providerOf = async (transferId: string): Promise<Provider | undefined> => {
    const { runId = '' } = parseTransferId(transferId) ?? {};
    let known = runs.get(runId);
    if (!known) {
      if (runs.size >= MOST_RUNS) runs.clear();
      known = ledger.run(runId).then((run) => run && PROVIDERS[run.operation]);
      runs.set(runId, known);
      known.catch(() => runs.delete(runId));
    }
    const provider = await known;
    if (provider) return provider;
    // A nightly pass has transfers of both.
    const transfer = await ledger.read(transferId);
    if (!transfer) return undefined;
    return transfer.task === undefined || transfer.task.kind === 'batch' ? 'tencent' : 'huawei';
  };

  /** Oldest first, so that what is told now and then stays. */
  const isNews = (transferId: string, { attempt, state }: TransferUpdate): boolean => {
    const key = `${transferId} ${attempt} ${state}`;
    const isKnown = counted.delete(key);
    counted.add(key);
    if (counted.size > REMEMBERED)
      for (const oldest of counted) {
        counted.delete(oldest);
        break;
      }
    return !isKnown;
  };

  return {
    ...ledger,
    async accept(shard, acceptances) {
      await ledger.accept(shard, acceptances);
      metrics({ Transfers: acceptances.length }, { state: 'submitted', provider: 'tencent' });
    },
    async record(transferId, update) {
      await ledger.record(transferId, update);
      // Polls repeat that a task goes on; only who was accepted has an id.
      const isSubmitted = update.state === 'submitted' && update.accepted.length > 0;
      if (!(isSubmitted || isFinal(update.state)) || !isNews(transferId, update)) return;
      void providerOf(transferId)
        .catch(() => undefined)
        .then((provider) => metrics({ Transfers: 1 }, { state: update.state, provider }));
    },
  };
}
