/**
 * Counts the transfers that this process brings to a state, by provider: each once, however often it
 * is told.
 */
import type { Metrics } from '../lib/metrics.ts';
import type { Ledger } from './ledger.ts';
import { isFinal, rank } from './merge.ts';
import type { Operation, TransferUpdate } from './model.ts';

type Provider = 'tencent' | 'huawei';

const PROVIDERS: Readonly<Partial<Record<Operation, Provider>>> = {
  'cos-batch-job': 'tencent',
  'cos-offline-fetch': 'tencent',
  'oms-v1-start-task': 'huawei',
  'oms-v2-create-task': 'huawei',
  'oms-v2-start-task': 'huawei',
};

/** What is told again counts again once this many others, or twice as many, were counted. */
const REMEMBERED = 20_000;

const MOST_RUNS = 1_000;

/** The same ledger; what can't be found out for a count is labelled `none`. */
export function countTransfers(ledger: Ledger, metrics: Metrics): Ledger {
  const runs = new Map<string, Provider>();
  /** Of each transfer the last that was counted. */
  let [recent, earlier] = [new Map<string, number>(), new Map<string, number>()];

  const isNews = (transferId: string, update: TransferUpdate): boolean => {
    const counted = rank(update);
    if ((recent.get(transferId) ?? earlier.get(transferId)) === counted) return false;
    recent.set(transferId, counted);
    if (recent.size >= REMEMBERED) [recent, earlier] = [new Map(), recent];
    return true;
  };

  const findProvider = async (transferId: string, runId: string): Promise<Provider | undefined> => {
    const run = await ledger.run(runId);
    const provider = run && PROVIDERS[run.operation];
    if (provider) {
      if (runs.size >= MOST_RUNS) runs.clear();
      runs.set(runId, provider);
      return provider;
    }
    // A nightly pass has transfers of both.
    const transfer = await ledger.read(transferId);
    if (!transfer) return undefined;
    return transfer.task === undefined || transfer.task.kind === 'batch' ? 'tencent' : 'huawei';
  };

  const count = (transferId: string, { state }: TransferUpdate): void => {
    const runId = transferId.slice(0, transferId.indexOf('.'));
    const tell = (provider: Provider | undefined): void =>
      metrics({ Transfers: 1 }, { state, provider });
    const known = runs.get(runId);
    if (known) tell(known);
    else findProvider(transferId, runId).then(tell, () => tell(undefined));
  };

  return {
    ...ledger,
    async accept(shard, acceptances) {
      await ledger.accept(shard, acceptances);
      metrics({ Transfers: acceptances.length }, { state: 'submitted', provider: 'tencent' });
    },
    async record(transferId, update) {
      await ledger.record(transferId, update);
      if (isOutcome(update) && isNews(transferId, update)) count(transferId, update);
    },
  };
}

/** Polls repeat that a task goes on, and what is described by its manifest had its outcome before. */
function isOutcome({ accepted, event, object, state }: TransferUpdate): boolean {
  if (state === 'submitted') return accepted.length > 0;
  return isFinal(state) && !(event === 'poll' && object !== undefined);
}
