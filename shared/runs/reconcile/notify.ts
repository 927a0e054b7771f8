/**
 * Notifies receivers of events that no closing of a run reports: credentials that a provider refuses,
 * and runs of which many transfers fail. A note per event keeps it from being added to the outboxes
 * twice; after a crash the same message may be added again under the same id.
 */
import * as v from 'valibot';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Run } from '../../ledger/model.ts';
import { noteParser } from '../../ledger/notes.ts';
import { shownCounts } from '../../ledger/run-numbers.ts';
import type { Log } from '../../lib/log.ts';
import { readStatus } from '../../limits/status.ts';
import { createDeliver, type Deliver } from '../../reporting/webhooks/deliver.ts';
import type { Message, NewMessage } from '../../reporting/webhooks/message.ts';
import { messageIdFrom, runIdOf } from '../../reporting/webhooks/message.ts';
import { createOutbox, type Outbox, toAll } from '../../reporting/webhooks/outbox.ts';
import type { Receiver } from '../../reporting/webhooks/post.ts';

interface NotifyOptions {
  readonly ledger: Ledger;
  readonly outbox: Pick<Outbox, 'add'>;
}

export type Notifier = ReturnType<typeof createNotifier>;

export function createNotifier(receivers: readonly Receiver[], ledger: Ledger, log: Log) {
  // A message about a run is sent once the run is closed.
  const check = async (message: Message): Promise<'send' | 'wait' | 'drop'> => {
    const runId = runIdOf(message);
    if (runId === undefined) return 'send';
    const run = await ledger.run(runId);
    if (!run) return 'drop';
    return run.closedAt ? 'send' : 'wait';
  };
  // One of its own for each: who does not answer holds up no other.
  const channels = receivers.map((receiver) => {
    const outbox = createOutbox({ ledger, log, name: receiver.name });
    return { outbox, deliver: createDeliver({ receiver, outbox, ledger, log, check }) };
  });
  const outbox = toAll(channels.map((channel) => channel.outbox));
  return {
    outbox,
    /**
     * Adds messages about refused credentials and failing runs, then sends every message that waits.
     * @param open runs that were open just now @throws StoreError
     */
    async send(open: readonly Run[], times: Parameters<Deliver>[0]): Promise<void> {
      await addRefusals({ ledger, outbox });
      await addFailing(open, { ledger, outbox }, times.now());
      await Promise.all(
        channels.map(async (channel) => {
          if ((await channel.outbox.pending()).length > 0) await channel.deliver(times);
        }),
      );
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

/** So many at least, and more than a fifth of all that have an outcome: where a migration stops, too. */
const MANY = 20;
const MANY_OF = 0.2;

/** A migration stops by itself, and tells that. */
const isFailing = ({ counts: { failed, succeeded }, migrationId, state }: Run): boolean =>
  state === 'active' &&
  migrationId === undefined &&
  failed >= MANY &&
  failed > MANY_OF * (failed + succeeded);

const FAILING = 'failing runs';

const readTold = noteParser(FAILING, v.array(v.string()), []);

/** Once for each run, for as long as it is open. @throws StoreError */
async function addFailing(
  open: readonly Run[],
  { ledger, outbox }: NotifyOptions,
  at: Date,
): Promise<void> {
  const failing = open.filter(isFailing);
  const note = await ledger.readNote(FAILING);
  const told = readTold(note?.text);
  const news = failing.filter(({ runId }) => !told.includes(runId));
  for (const run of news) {
    const { operation, runId } = run;
    await outbox.add({
      type: 'run.failing',
      id: messageIdFrom('run.failing', runId),
      at,
      data: { runId, operation, counts: shownCounts(run) },
    });
  }
  const kept = told.filter((runId) => open.some((run) => run.runId === runId));
  if (news.length === 0 && kept.length === told.length) return;
  const next = [...kept, ...news.map(({ runId }) => runId)];
  await ledger.swapNote(FAILING, JSON.stringify(next), note?.version);
}
