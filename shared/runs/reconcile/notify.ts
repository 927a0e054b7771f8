/**
 * News that no closing tells of: runs that could not be carried out, and keys that a provider
 * refuses. Each is put into the outbox once, as a note keeps; after a crash perhaps twice, as the
 * same message.
 */
import type { Ledger } from '../../ledger/ledger.ts';
import type { Run } from '../../ledger/model.ts';
import type { Log } from '../../lib/log.ts';
import { readStatus } from '../../limits/api-status.ts';
import { createDeliver, type Deliver } from '../../reporting/webhooks/deliver.ts';
import type { Message, NewMessage, WebhookConfig } from '../../reporting/webhooks/message.ts';
import { messageIdFrom, runClosed, runIdOf } from '../../reporting/webhooks/message.ts';
import { createOutbox, type Outbox } from '../../reporting/webhooks/outbox.ts';

interface TellingOptions {
  readonly ledger: Ledger;
  readonly outbox: Pick<Outbox, 'add'>;
  readonly now: () => Date;
}

export interface Notifier {
  readonly outbox: Pick<Outbox, 'add'>;
  /** Adds what no closing tells, and sends what waits. @throws StoreError */
  tell(times: Parameters<Deliver>[0]): Promise<void>;
}

export function createNotifier(config: WebhookConfig, ledger: Ledger, log: Log): Notifier {
  const outbox = createOutbox({ ledger, log });
  // News of a run is sent once it is closed.
  const check = async (message: Message): Promise<'send' | 'wait' | 'drop'> => {
    const runId = runIdOf(message);
    if (runId === undefined) return 'send';
    const run = await ledger.run(runId);
    if (!run) return 'drop';
    return run.closedAt ? 'send' : 'wait';
  };
  const deliver = createDeliver({ ...config, outbox, ledger, log, check });
  return {
    outbox,
    async tell(times) {
      await tellTrouble({ ledger, outbox, now: times.now });
      if ((await outbox.pending()).length > 0) await deliver(times);
    },
  };
}

/** What is older was told, or nobody could be told for so long that it is no news. */
const NEWS_MS = 86_400_000;

/** Runs that failed, of one sweep. */
const RUNS = 100;

/** @throws StoreError */
async function tellTrouble(options: TellingOptions): Promise<void> {
  const { ledger, now } = options;
  const since = now().getTime() - NEWS_MS;
  const { items } = await ledger.runs({ states: ['failed'], limit: RUNS });
  for (const run of items) {
    if (run.closedAt && run.closedAt.getTime() >= since) await tellFailed(run, options);
  }
  for (const health of await readStatus(ledger)) {
    const { api, provider, refused, since: at, state } = health;
    if (state !== 'refused' || !refused) continue;
    const { code, message, requestId } = refused;
    const data = { provider, api, code, message, since: at, ...(requestId && { requestId }) };
    const id = messageIdFrom('credentials.refused', api, at);
    const news: NewMessage = { type: 'credentials.refused', id, at: new Date(at), data };
    await once(`told key ${api}`, at, news, options);
  }
}

async function tellFailed(run: Run, options: TellingOptions): Promise<void> {
  const at = run.closedAt ?? options.now();
  const id = messageIdFrom('run.closed', run.runId, at.toISOString());
  const news: NewMessage = { type: 'run.closed', id, at, data: runClosed(run, at) };
  await once(`told run ${run.runId}`, at.toISOString(), news, options);
}

async function once(
  name: string,
  text: string,
  news: NewMessage,
  { ledger, outbox }: TellingOptions,
): Promise<void> {
  const told = await ledger.readNote(name);
  if (told?.text === text) return;
  await outbox.add(news);
  await ledger.swapNote(name, text, told?.version);
}
