/** `waybill catch-up <migration>`: lists the source again, and moves what is new or changed. */
import { migrationCommand } from '../io/options.ts';
import { steerMigration } from '../migrations/steer.ts';

export const addCatchUp = migrationCommand<{ watch?: boolean }>({
  name: 'catch-up',
  description: 'list the source again, and move what is new or changed',
  options: (command) => command.option('--watch', 'follow it until it ends, or waits for you'),
  examples: ['catch-up <migration>', 'catch-up <migration> --watch'],
  action: (options, id) => steerMigration(options, id, 'catch-up', 'catches up'),
});
