/** `waybill batch <job.json>`: creates a job of COS Batch from its description, once. */
import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { isRecord } from '../../shared/lib/values.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { fileFailure } from '../io/files.ts';
import { type CommandOptions, serviceCommand } from '../io/options.ts';
import { printable } from '../io/text.ts';
import { followRun } from './show.ts';

interface BatchArguments {
  /** Creates another job from the same file. */
  readonly again?: boolean;
  readonly watch?: boolean;
}

export const addBatch = serviceCommand<BatchArguments>({
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

async function readJob({ path, stdin }: BatchOptions): Promise<object> {
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
