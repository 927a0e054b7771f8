/** The program with all its commands. `waybill.ts` runs it; the schemas read it. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAudit } from './commands/audit.ts';
import { addBatch } from './commands/batch.ts';
import { addCancel } from './commands/cancel.ts';
import { addCatchUp } from './commands/catch-up.ts';
import { addCheck } from './commands/check.ts';
import { addDatabase } from './commands/database.ts';
import { addLint } from './commands/lint.ts';
import { addManifest } from './commands/manifest.ts';
import { addMigrate } from './commands/migrate.ts';
import { addMigrations } from './commands/migrations.ts';
import { addNotify } from './commands/notify.ts';
import { addOms } from './commands/oms.ts';
import { addPace } from './commands/pace.ts';
import { addPause } from './commands/pause.ts';
import { addPlan } from './commands/plan.ts';
import { addRedrive } from './commands/redrive.ts';
import { addReport } from './commands/report.ts';
import { addResume } from './commands/resume.ts';
import { addRetry } from './commands/retry.ts';
import { addRuns } from './commands/runs.ts';
import { addServe } from './commands/serve.ts';
import { addShow } from './commands/show.ts';
import { addSign } from './commands/sign.ts';
import { addStart } from './commands/start.ts';
import { addSubmit } from './commands/submit.ts';
import { addTransfer } from './commands/transfer.ts';
import { addTransfers } from './commands/transfers.ts';
import { addVerify } from './commands/verify.ts';
import { CommandFailure, EXIT, failureLine } from './io/failure.ts';
import { type CommandIo, examples } from './io/options.ts';

/** In the order of the help. */
const COMMANDS: readonly ((program: Command, io: CommandIo) => void)[] = [
  addMigrate,
  addMigrations,
  addCheck,
  addNotify,
  addManifest,
  addLint,
  addPlan,
  addSubmit,
  addBatch,
  addOms,
  addRuns,
  addShow,
  addTransfers,
  addTransfer,
  addReport,
  addAudit,
  addVerify,
  addStart,
  addCatchUp,
  addRetry,
  addPace,
  addPause,
  addResume,
  addCancel,
  addRedrive,
  addSign,
  addServe,
  addDatabase,
];

export function createProgram(io: CommandIo): Command {
  const program = new Command('waybill')
    .description("Hands object migrations to the clouds' own migration services, and follows them.")
    .version(readVersion())
    .helpCommand(false)
    .exitOverride()
    // `oms start --version v1` is no question for the version of the program.
    .enablePositionalOptions()
    .configureOutput({
      getOutHelpWidth: () => io.stdout.columns ?? 80,
      getErrHelpWidth: () => io.stderr.columns ?? 80,
      outputError: (text, write) => write(usageError(text)),
    })
    .addHelpText(
      'after',
      `${examples(
        'serve',
        'migrate s3://media cos://ap-shanghai/bucket-1250000000/ --watch',
        'lint videos.csv',
        'submit videos.csv --to ap-shanghai/bucket-1250000000 --watch',
        'show <run> --watch',
        'show <migration> --check',
      )}
Environment:
  WAYBILL_URL    the service (default: http://127.0.0.1:8787)
  WAYBILL_TOKEN  a token it takes (default: for a service on this machine
                 the one in its data folder, WAYBILL_DATA, else ./data)
  NO_COLOR       no colours, where the output is a terminal

Exit codes:
  0  all is well
  1  the run, the migration or the manifest has failures
  2  wrong usage or bad input
  3  the service can't be reached, or is in trouble
  4  the service refused: wrong token, unknown run or migration`,
    );
  for (const add of COMMANDS) add(program, io);
  return program;
}

/** Commander says `error: unknown option '--x'`, sometimes with what it may have been. */
const usageError = (text: string): string => {
  const what = text
    .replace(/^error: /, '')
    .trim()
    .replaceAll('\n', ' ');
  const todo = 'Add --help for the usage';
  return failureLine(new CommandFailure(what, todo, EXIT.usage));
};

const readVersion = (): string =>
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
