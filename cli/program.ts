/** The program with all its commands; `waybill.ts` runs it, completion and schemas read it. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addLint, addPlan, addVerify } from './commands/checking.ts';
import { examples, type Place } from './commands/common.ts';
import { addCompletion, addServe, addSign } from './commands/local.ts';
import { addReadiness, addReport, addRuns, addShow } from './commands/looking.ts';
import { addCancel, addRetry, addSubmit } from './commands/sending.ts';
import { addRedrive, addTransfer, addTransfers } from './commands/transfers.ts';

/** In the order of the help. */
const COMMANDS: readonly ((program: Command, place: Place) => void)[] = [
  addLint,
  addPlan,
  addSubmit,
  addRuns,
  addShow,
  addTransfers,
  addTransfer,
  addReport,
  addVerify,
  addReadiness,
  addRetry,
  addCancel,
  addRedrive,
  addSign,
  addServe,
  addCompletion,
];

export function createProgram(place: Place): Command {
  const program = new Command('waybill')
    .description("Hands object migrations to the clouds' own migration services, and follows them.")
    .version(readVersion())
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      getOutHelpWidth: () => place.stdout.columns ?? 80,
      getErrHelpWidth: () => place.stderr.columns ?? 80,
    })
    .showHelpAfterError('(add --help for the usage)')
    .addHelpText(
      'after',
      `${examples(
        'serve',
        'lint videos.csv',
        'submit videos.csv --to ap-shanghai/bucket-1250000000 --watch',
        'show <run> --watch',
        'readiness <run>',
      )}
Environment:
  WAYBILL_URL    the service (default: http://127.0.0.1:8787)
  WAYBILL_TOKEN  a token it takes (default: for a service on this machine
                 the one in its data folder, WAYBILL_DATA, else ./data)
  NO_COLOR       no colours, where the output is a terminal

Exit codes:
  0  all is well
  1  the run or the manifest has failures
  2  wrong usage or bad input
  3  the service can't be reached, or is in trouble
  4  the service refused: wrong token, unknown run`,
    );
  for (const add of COMMANDS) add(program, place);
  return program;
}

const readVersion = (): string =>
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
