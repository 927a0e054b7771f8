/** Starts, pauses, resumes, retries or cancels a migration, and has it catch up. */
import type { MigrationAction } from '../io/client.ts';
import { EXIT, type ExitCode } from '../io/failure.ts';
import type { CommandOptions } from '../io/options.ts';
import { printable } from '../io/text.ts';
import { followMigration } from './show.ts';

/** @throws CommandFailure: refused when its state does not allow it */
export async function steerMigration(
  options: CommandOptions & { readonly watch?: boolean },
  migrationId: string,
  action: MigrationAction,
  words: string,
  body?: object,
): Promise<ExitCode> {
  const { client, json, stdout } = options;
  await client.steerMigration(migrationId, action, body);
  const id = printable(migrationId);
  stdout.write(json ? `${JSON.stringify({ migrationId })}\n` : `migration ${id} ${words}\n`);
  if (action === 'pause' || action === 'cancel') {
    if (action === 'pause' && !json) stdout.write(`resume it with: npx waybill resume ${id}\n`);
    return EXIT.ok;
  }
  return followMigration({ ...options, isStarted: action === 'start' }, migrationId);
}
