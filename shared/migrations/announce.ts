/** Webhook messages of migrations: one that waits for a start, stopped by itself, or is completed. */
import { messageIdFrom, type WebhookEvent } from '../reporting/webhooks/message.ts';
import { countMigration } from './counts.ts';
import type { MigrationRecord } from './record.ts';
import type { StepOptions } from './step.ts';

/** @param migration as it will be; the same news twice is one message @throws StoreError */
export async function announce(
  migration: MigrationRecord,
  { ledger, now, outbox }: Pick<StepOptions, 'ledger' | 'now' | 'outbox'>,
): Promise<void> {
  const type = typeOf(migration);
  if (!outbox || !type) return;
  const { migrationId, name, state, error, order, rounds, version } = migration;
  const { counts } = await countMigration(migration, ledger);
  const at = now();
  await outbox.add({
    type,
    id: messageIdFrom(type, migrationId, String(version)),
    at,
    data: {
      migrationId,
      name,
      state,
      target: order.target,
      round: rounds.length,
      counts,
      ...(error && { error }),
    },
  });
}

function typeOf({
  state,
  error,
  order,
  isStarted,
}: MigrationRecord): Extract<WebhookEvent['type'], `migration.${string}`> | undefined {
  if (state === 'failed' || (error && (state === 'paused' || state === 'completed'))) {
    return 'migration.stopped';
  }
  if (state === 'completed') return 'migration.completed';
  return state === 'planned' && !order.start && !isStarted ? 'migration.waiting' : undefined;
}
