/** `waybill submit <manifest>`: lints a manifest, uploads it, starts its run and follows it with `--watch`. */
import type { RunView } from '../io/answers.ts';
import type { Client } from '../io/client.ts';
import { systemClock } from '../io/clock.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { fingerprint, type Input, withInput } from '../io/input.ts';
import { type CommandOptions, serviceCommand } from '../io/options.ts';
import { keyOf, marked } from '../io/target.ts';
import { plural, printable, type Terminal } from '../io/text.ts';
import type { Findings } from '../lint/findings.ts';
import { isNothingSent, markOf } from '../runs/text.ts';
import { tellFindings } from './lint.ts';
import { followRun, showRun } from './show.ts';

interface SubmitArguments {
  /** `<region>/<bucket-appid>` */
  readonly to: string;
  /** @default the date in UTC and the name of the file */
  readonly name?: string;
  /** Sends nothing when a line is quarantined. */
  readonly strict?: boolean;
  /** Takes https sources for good, as a service with WAYBILL_ALLOW_HTTPS does. */
  readonly allowHttps?: boolean;
  /** Sends a file that was sent before, under a new key. */
  readonly again?: boolean;
  readonly watch?: boolean;
}

export const addSubmit = serviceCommand<SubmitArguments>({
  name: 'submit',
  description: 'check a manifest, upload it and start its run',
  argument: ['<manifest>', 'CSV or JSON Lines, also .gz; - for standard input'],
  options: (command) =>
    command
      .requiredOption('--to <region/bucket>', 'where the objects go')
      .option('--name <name>', 'name in the store (default: <date>/<file name>)')
      .option('--strict', 'send nothing when a line must be quarantined')
      .option('--allow-https', 'accept https sources, as with WAYBILL_ALLOW_HTTPS')
      .option('--again', 'send the file even if it was already sent')
      .option('--watch', 'follow the run until it ends'),
  examples: [
    'submit videos.csv --to ap-shanghai/bucket-1250000000 --watch',
    'submit a.jsonl.gz --to ap-beijing/b-1250000000 --name n/a.jsonl.gz',
  ],
  action: (options, path) => submit({ ...options, path }),
});

interface SubmitOptions extends CommandOptions, SubmitArguments {
  /** Of the local file; `-` is standard input. */
  readonly path: string;
  readonly stdin: NodeJS.ReadableStream;
  readonly stderr: Terminal;
}

/** @throws CommandFailure (usage) for a wrong target, and when nothing would be sent */
export async function submit(options: SubmitOptions): Promise<ExitCode> {
  const { json, path, stdin, stdout, watch } = options;
  // What standard input holds is in the store then, and need not lie here while a run is followed.
  const sent = await withInput(path, stdin, (input) => send(options, input));
  if (sent === undefined) return EXIT.usage;
  const { existing, key, runId } = sent;
  if (json) stdout.write(`${JSON.stringify({ runId, key, existing: existing !== undefined })}\n`);
  else stdout.write(existing ? existingText(existing, key) : `run ${runId} of\n  ${key}\n`);
  if (existing && !watch) return tellExisting(options, existing);
  return followRun(options, runId);
}

interface Sent {
  readonly runId: string;
  readonly key: string;
  /** The run that sent the same file before, when nothing was sent now. */
  readonly existing?: RunView;
}

/** Undefined when the file is no manifest, which is told then. */
async function send(options: SubmitOptions, input: Input): Promise<Sent | undefined> {
  const { again, allowHttps = false, client, clock = systemClock, stderr, strict, to } = options;
  const { path, shown } = input;
  const mark = await fingerprint(input);
  const now = clock.now();
  const date = new Date(now).toISOString().slice(0, 10);
  const name = options.name ?? `${date}/${input.name}`;
  const key = keyOf(to, marked(name, again ? `${mark}.${now.toString(36)}` : mark));
  // Findings go to the side, so that the output stays the run.
  const found = await tellFindings({ path, shown, key, allowHttps, stdout: stderr, stderr });
  if (!found) return undefined;
  refuse(found, strict);
  const existing = again ? undefined : await findSent(client, to, mark);
  if (existing) return { runId: existing.runId, key: existing.source?.key ?? key, existing };
  await client.upload(key, path);
  return { runId: await client.start(key), key };
}

function refuse({ tally: { quarantined, transfers } }: Findings, strict = false): void {
  if (strict && quarantined > 0) {
    const what = 'nothing was sent, because of --strict';
    throw new CommandFailure(what, 'Correct these lines', EXIT.failures);
  }
  if (transfers > 0) return;
  const lines = plural(quarantined, 'line');
  const why = quarantined > 0 ? `${lines} quarantined, none left` : 'the manifest has no lines';
  const todo = quarantined > 0 ? 'Correct the lines' : 'Add a line for each object';
  throw new CommandFailure(`nothing would be sent: ${why}`, todo, EXIT.usage);
}

const PAGES = 10;

/** The newest run of the same content to the same place; one that sent nothing does not count. */
async function findSent(
  client: Pick<Client, 'runs'>,
  to: string,
  mark: string,
): Promise<RunView | undefined> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const filter = { limit: 100, cursor, operation: ['cos-offline-fetch'] };
    const { runs, nextCursor } = await client.runs(filter);
    const found = runs.find((run) => markOf(run) === mark && isTo(run, to) && !isNothingSent(run));
    if (found) return found;
    cursor = nextCursor ?? undefined;
    if (cursor === undefined) break;
  }
  return undefined;
}

const isTo = ({ target }: RunView, to: string): boolean =>
  target !== undefined && `${target.region}/${target.bucket}` === to;

function existingText({ runId }: RunView, key: string): string {
  return `this file was sent before, as run ${printable(runId)} of\n  ${printable(key)}\n`;
}

/** Well, unless the run that exists came to nothing: then the file has not been sent. */
async function tellExisting(options: SubmitOptions, { runId, state }: RunView): Promise<ExitCode> {
  const { json, stdout } = options;
  const isBroken = state === 'failed' || state === 'cancelled';
  if (!json) {
    stdout.write('\n');
    await showRun(options, runId, false);
    const goOn = isBroken ? `\ncontinue it with: npx waybill retry ${printable(runId)}` : '';
    stdout.write(`${goOn}\nto send the file again: add --again\n`);
  }
  return isBroken ? EXIT.failures : EXIT.ok;
}
