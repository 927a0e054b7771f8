/** `waybill submit <manifest>`: lints, uploads, starts the run, and follows it when asked to. */
import { basename } from 'node:path';
import { CommandFailure, EXIT, type ExitCode } from './failure.ts';
import { lintManifest } from './lint.ts';
import { isOver } from './run-text.ts';
import { type ShowOptions, showRun } from './show.ts';
import { keyOf } from './target.ts';
import type { Terminal } from './text.ts';
import { systemPace } from './watch.ts';

export interface SubmitOptions extends ShowOptions {
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
  const { client, path, to, strict, allowHttps, json, stdout, stderr, pace = systemPace } = options;
  const date = new Date(pace.now()).toISOString().slice(0, 10);
  const name = options.name ?? `${date}/${basename(path)}`;
  const key = keyOf(to, name);
  // Findings go to the side, so that the output stays the run.
  const found = await lintManifest({ path, key, allowHttps, stdout: stderr, stderr });
  if (found === 2) return EXIT.usage;
  if (found === 1 && strict) {
    stderr.write('nothing was sent, because of --strict\n');
    return EXIT.failures;
  }
  await refuseOverwriting(options, key);
  await client.upload(key, path);
  const runId = await client.start(key);
  if (json) stdout.write(`${JSON.stringify({ runId, key })}\n`);
  else stdout.write(`run ${runId} of\n  ${key}\n`);
  if (options.watch) return showRun(options, runId, true);
  if (!json) stdout.write(`follow it with: npx waybill show ${runId} --watch\n`);
  return EXIT.ok;
}

/** A run stops when its manifest changes under it. Asking also shows early that the token is good. */
async function refuseOverwriting({ client }: SubmitOptions, key: string): Promise<void> {
  const { runs } = await client.runs({ limit: 100 });
  const open = runs.find((run) => run.source?.key === key && !isOver(run));
  if (!open) return;
  const hint = 'wait until it ends, or choose another --name';
  throw new CommandFailure(`run ${open.runId} still reads ${key}; ${hint}`, EXIT.refused);
}
