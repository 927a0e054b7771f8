/** `waybill submit <manifest>`: lints a manifest, uploads it, starts its run and follows it with `--watch`. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../io/clock.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import {
  type CommandIo,
  type CommandOptions,
  type Connection,
  examples,
  exitsWith,
  optionsOf,
  withConnection,
} from '../io/options.ts';
import { keyOf } from '../io/target.ts';
import type { Terminal } from '../io/text.ts';
import { followText, isOver } from '../runs/text.ts';
import { lintManifest } from './lint.ts';
import { showRun } from './show.ts';

interface SubmitArguments extends Connection {
  readonly to: string;
  readonly name?: string;
  readonly strict?: boolean;
  readonly allowHttps?: boolean;
  readonly watch?: boolean;
}

export function addSubmit(program: Command, io: CommandIo): void {
  withConnection(program.command('submit'))
    .description('check a manifest, upload it and start its run')
    .argument('<manifest>', 'CSV or JSON Lines, also .gz')
    .requiredOption('--to <region/bucket>', 'where the objects go')
    .option('--name <name>', 'name in the store (default: <date>/<file name>)')
    .option('--strict', 'send nothing when a line must be quarantined')
    .option('--allow-https', 'take https sources, as WAYBILL_ALLOW_HTTPS does')
    .option('--watch', 'follow the run until it ends')
    .addHelpText(
      'after',
      examples(
        'submit videos.csv --to ap-shanghai/bucket-1250000000 --watch',
        'submit a.jsonl.gz --to ap-beijing/b-1250000000 --name n/a.jsonl.gz',
      ),
    )
    .action(
      exitsWith(
        io,
        (path: string, { to, name, strict, allowHttps, watch, ...given }: SubmitArguments) =>
          submit({
            ...optionsOf(io, given),
            path,
            to,
            name,
            strict: strict ?? false,
            allowHttps: allowHttps ?? false,
            watch: watch ?? false,
            stderr: io.stderr,
          }),
      ),
    );
}

export interface SubmitOptions extends CommandOptions {
  /** Of the local file. */
  readonly path: string;
  /** `<region>/<bucket-appid>` */
  readonly to: string;
  /** @default the date in UTC and the name of the file */
  readonly name?: string | undefined;
  /** Sends nothing when a line is quarantined. */
  readonly strict: boolean;
  /** Takes https sources for good, as a service with WAYBILL_ALLOW_HTTPS does. */
  readonly allowHttps: boolean;
  readonly watch: boolean;
  readonly stderr: Terminal;
}

/** @throws CommandFailure: usage for a wrong target, refused while a run still reads this manifest */
export async function submit(options: SubmitOptions): Promise<ExitCode> {
  const {
    client,
    path,
    to,
    strict,
    allowHttps,
    json,
    stdout,
    stderr,
    clock = systemClock,
  } = options;
  const date = new Date(clock.now()).toISOString().slice(0, 10);
  const name = options.name ?? `${date}/${basename(path)}`;
  const key = keyOf(to, name);
  // Findings go to the side, so that the output stays the run.
  const found = await lintManifest({ path, key, allowHttps, stdout: stderr, stderr });
  if (found === 2) return EXIT.usage;
  if (found === 1 && strict) {
    const what = 'nothing was sent, because of --strict';
    throw new CommandFailure(what, 'Correct these lines', EXIT.failures);
  }
  await refuseOverwriting(options, key);
  await client.upload(key, path);
  const runId = await client.start(key);
  if (json) stdout.write(`${JSON.stringify({ runId, key })}\n`);
  else stdout.write(`run ${runId} of\n  ${key}\n`);
  if (options.watch) return showRun(options, runId, true);
  if (!json) stdout.write(followText(runId));
  return EXIT.ok;
}

/** A run stops when its manifest changes under it. Asking also shows early that the token is good. */
async function refuseOverwriting({ client }: SubmitOptions, key: string): Promise<void> {
  const { runs } = await client.runs({ limit: 100 });
  const open = runs.find((run) => run.source?.key === key && !isOver(run));
  if (!open) return;
  const todo = 'Wait until it ends, or choose another --name';
  throw new CommandFailure(`run ${open.runId} still reads ${key}`, todo, EXIT.refused);
}
