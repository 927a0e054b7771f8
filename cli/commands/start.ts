/** `waybill start <migration>`: starts a migration that waits with its plan. */
import { migrationCommand } from '../io/options.ts';
import { steerMigration } from '../migrations/steer.ts';

export const addStart = migrationCommand<{ watch?: boolean }>({
  name: 'start',
  description: 'start a migration that waits (--no-start)',
  options: (command) => command.option('--watch', 'follow it until it ends, or waits for you'),
  examples: ['start <migration>', 'start <migration> --watch'],
  action: (options, id) => steerMigration(options, id, 'start', 'starts'),
});
