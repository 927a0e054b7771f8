/**
 * Notifies webhooks of events that no closing of a run reports: credentials that a provider refuses. A
 * note per event keeps it from being added to the outbox
 * twice; after a crash the same message may be added again under the same id.
 */
import type { Ledger } from '../../ledger/ledger.ts';
import type { Log } from '../../lib/log.ts';
import { readStatus } from '../../limits/status.ts';
import { createDeliver, type Deliver } from '../../reporting/webhooks/deliver.ts';
import type { Message, NewMessage, WebhookConfig } from '../../reporting/webhooks/message.ts';
import { messageIdFrom, runIdOf } from '../../reporting/webhooks/message.ts';
import { createOutbox, type Outbox } from '../../reporting/webhooks/outbox.ts';

interface NotifyOptions {
  readonly ledger: Ledger;
  readonly outbox: Pick<Outbox, 'add'>;
}

export type Notifier = ReturnType<typeof createNotifier>;

export function createNotifier(config: WebhookConfig, ledger: Ledger, log: Log) {
  const outbox = createOutbox({ ledger, log });
  // A message about a run is sent once the run is closed.
  const check = async (message: Message): Promise<'send' | 'wait' | 'drop'> => {
    const runId = runIdOf(message);
    if (runId === undefined) return 'send';
    const run = await ledger.run(runId);
    if (!run) return 'drop';
    return run.closedAt ? 'send' : 'wait';
  };
  const deliver = createDeliver({ ...config, outbox, ledger, log, check });
  return {
    outbox: outbox as Pick<Outbox, 'add'>,
    /** Adds messages about refused credentials, then sends every message that waits. @throws StoreError */
    async send(times: Parameters<Deliver>[0]): Promise<void> {
      await addRefusals({ ledger, outbox });
      if ((await outbox.pending()).length > 0) await deliver(times);
    },
  };
}

/** @throws StoreError */
async function addRefusals(options: NotifyOptions): Promise<void> {
  const { ledger } = options;
  for (const status of await readStatus(ledger)) {
    const { api, provider, refused, since: at, state } = status;
    if (state !== 'refused' || !refused) continue;
    const { code, requestId } = refused;
    const data = {
      provider,
      api,
      code,
      message: refused.message,
      since: at,
      ...(requestId && { requestId }),
    };
    const id = messageIdFrom('credentials.refused', api, at);
    const message: NewMessage = { type: 'credentials.refused', id, at: new Date(at), data };
    await addOnce(`told key ${api}`, at, message, options);
  }
}

async function addOnce(
  name: string,
  text: string,
  message: NewMessage,
  { ledger, outbox }: NotifyOptions,
): Promise<void> {
  const note = await ledger.readNote(name);
  if (note?.text === text) return;
  await outbox.add(message);
  await ledger.swapNote(name, text, note?.version);
}
