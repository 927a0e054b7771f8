/** `waybill serve`: runs the service here, as `npm start` does. */
import type { Command } from 'commander';
import { examples } from '../io/options.ts';

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the service here, as npm start does; its log is JSON lines')
    .addHelpText(
      'after',
      `${examples('serve')}\nConfigured by the environment and .env: docs/configuration.md`,
    )
    .action(async () => {
      const { main } = await import('../../local/main.ts');
      await main();
    });
}
