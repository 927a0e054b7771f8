/**
 * News that no closing tells of: runs that could not be carried out, and keys that a provider
 * refuses. Each is put into the outbox once, as a note keeps; after a crash perhaps twice, as the
 * same message.
 */
import { readHealth } from '../health/note.ts';
import type { Ledger, Run } from '../ledger/port.ts';
import { messageIdFrom, runClosed } from '../webhooks/events.ts';
import type { Outbox } from '../webhooks/outbox.ts';
import type { NewMessage } from '../webhooks/types.ts';

export interface TellingOptions {
  readonly ledger: Ledger;
  readonly outbox: Pick<Outbox, 'add'>;
  readonly now: () => Date;
}

/** What is older was told, or nobody could be told for so long that it is no news. */
const NEWS_MS = 86_400_000;
/** Runs that failed, of one sweep. */
const RUNS = 100;

/** @throws StoreError */
export async function tellTrouble(options: TellingOptions): Promise<void> {
  const { ledger, now } = options;
  const since = now().getTime() - NEWS_MS;
  const { items } = await ledger.runs({ states: ['failed'], limit: RUNS });
  for (const run of items) {
    if (run.closedAt && run.closedAt.getTime() >= since) await tellFailed(run, options);
  }
  for (const health of await readHealth(ledger)) {
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
