/** `waybill batch`: creates a job of COS Batch from its description, once, and steers jobs. */
import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { isRecord, withoutUndefined } from '../../shared/lib/values.ts';
import type { BatchAction } from '../io/client.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { fileFailure } from '../io/files.ts';
import { type CommandIo, type CommandOptions, serviceCommand } from '../io/options.ts';
import { printable } from '../io/text.ts';
import { followRun } from './show.ts';

interface BatchArguments {
  /** Creates another job from the same file. */
  readonly again?: boolean;
  readonly watch?: boolean;
}

export function addBatch(program: Command, io: CommandIo): void {
  addCreate(program, io);
  const batch = program.commands.find((command) => command.name() === 'batch');
  if (!batch) return;
  batch.helpCommand(false);
  for (const add of [addConfirm, addCancel, addPriority]) add(batch, io);
}

interface JobArguments {
  readonly region: string;
  readonly credentials?: string;
  readonly reason?: string;
}

const withPlace = (command: Command): Command =>
  command
    .requiredOption('--region <region>', 'of the job, such as ap-chengdu')
    .option('--credentials <set>', "of the job's account, if it is not the configured one");

const placeOf = ({ credentials, region }: JobArguments) =>
  withoutUndefined({ region, credentials });

const JOB = ['<job>', 'id of the job'] as const;

const addConfirm = serviceCommand<JobArguments>({
  name: 'confirm',
  description: 'start a job that waits for its confirmation',
  argument: JOB,
  options: withPlace,
  examples: ['batch confirm <job> --region ap-chengdu'],
  action: (given, jobId) => steer(given, jobId, 'confirm', placeOf(given)),
});

const addCancel = serviceCommand<JobArguments>({
  name: 'cancel',
  description: 'cancel a job',
  argument: JOB,
  options: (command) => withPlace(command).option('--reason <text>', 'kept with the job'),
  examples: ['batch cancel <job> --region ap-chengdu --reason "wrong target"'],
  action: (given, jobId) => {
    const { reason } = given;
    return steer(given, jobId, 'cancel', withoutUndefined({ ...placeOf(given), reason }));
  },
});

const addPriority = serviceCommand<JobArguments>({
  name: 'priority',
  description: 'change the priority of a job; larger ones go first',
  argument: JOB,
  second: ['<priority>', '0 to 2147483647'],
  options: withPlace,
  examples: ['batch priority <job> 100 --region ap-chengdu'],
  action: (given, jobId, priority = '') =>
    steer(given, jobId, 'priority', { ...placeOf(given), priority: Number(priority) }),
});

async function steer(
  { client, json, stdout }: CommandOptions,
  jobId: string,
  action: BatchAction,
  body: object,
): Promise<ExitCode> {
  await client.steerBatchJob(jobId, action, body);
  const done = { confirm: 'confirmed', cancel: 'cancelled', priority: 're-prioritised' }[action];
  stdout.write(json ? `${JSON.stringify({ jobId })}\n` : `job ${printable(jobId)} is ${done}\n`);
  return EXIT.ok;
}

const addCreate = serviceCommand<BatchArguments>({
  name: 'batch',
  description: 'create a job of COS Batch from its description',
  argument: ['<job.json>', 'the body of POST /batch-jobs, - for standard input'],
  options: (command) =>
    command
      .option('--again', 'create a new job even if this file already created one')
      .option('--watch', 'follow the run until it ends'),
  examples: ['batch job.json --watch', 'batch job.json --again'],
  action: (options, path) => createJob({ ...options, path }),
});

export interface BatchOptions extends CommandOptions, BatchArguments {
  /** Of the description; `-` is standard input. */
  readonly path: string;
  readonly stdin: NodeJS.ReadableStream;
}

/** @throws CommandFailure (usage) when the file is no JSON object, or the service finds it wrong */
export async function createJob(options: BatchOptions): Promise<ExitCode> {
  const { client, again, json, stdout } = options;
  const job = await readJob(options);
  // The same description is the same job, also when the command is repeated after a lost answer.
  const hash = createHash('sha256').update(JSON.stringify(job)).digest('hex');
  const key = again ? randomUUID() : `waybill-batch-${hash}`;
  const { runs } = await client.runs({ limit: 100, operation: ['cos-batch-job'] });
  const { runId, jobId } = await client.createBatchJob(job, key);
  const existing = runs.some((run) => run.runId === runId);
  if (json) stdout.write(`${JSON.stringify({ runId, jobId, existing })}\n`);
  else {
    const name = jobId === null ? 'a job whose id is not known yet' : `job ${printable(jobId)}`;
    stdout.write(`run ${printable(runId)} of\n  ${name}\n`);
    if (existing) stdout.write('this file already created it; --again creates a new job\n');
  }
  return followRun(options, runId);
}

/** The JSON object of a file. @throws CommandFailure (usage) */
export async function readJob({
  path,
  stdin,
}: Pick<BatchOptions, 'path' | 'stdin'>): Promise<object> {
  const name = path === '-' ? 'standard input' : path;
  let content: string;
  try {
    content = path === '-' ? await text(stdin) : await readFile(path, 'utf8');
  } catch (error) {
    throw fileFailure(path, error) ?? error;
  }
  let job: unknown;
  try {
    job = JSON.parse(content);
  } catch (error) {
    const what = `${name}: expected JSON (${(error as Error).message})`;
    throw new CommandFailure(what, 'Correct the file', EXIT.usage, error);
  }
  if (isRecord(job)) return job;
  const todo = 'See the example in docs/tasks.md';
  throw new CommandFailure(`${name}: expected a JSON object`, todo, EXIT.usage);
}
