/** `waybill oms start <task>`: starts a task or a task group of Huawei OMS that exists. */
import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { withoutUndefined } from '../../shared/lib/values.ts';
import type { OmsStart } from '../io/client.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandIo, type CommandOptions, serviceCommand } from '../io/options.ts';
import { printable } from '../io/text.ts';
import { followRun } from './show.ts';

interface StartArguments {
  readonly version: 'v1' | 'v2';
  readonly group?: boolean;
  readonly failedOnly?: boolean;
  readonly region?: string;
  readonly project?: string;
  readonly credentials?: string;
  readonly idempotencyKey?: string;
  readonly watch?: boolean;
}

export function addOms(program: Command, io: CommandIo): void {
  const oms = program
    .command('oms')
    .description('start tasks and task groups of Huawei OMS')
    .helpCommand(false);
  addStart(oms, io);
}

const addStart = serviceCommand<StartArguments>({
  name: 'start',
  description: 'start a task that was paused or failed, or follow one that runs',
  argument: ['<task>', 'id of the task, or with --group of the group'],
  options: (command) =>
    command
      .addOption(new Option('--version <v1|v2>', 'of the API').choices(['v1', 'v2']).default('v2'))
      .option('--group', 'the id is that of a task group (v2)')
      .option('--failed-only', 'only the objects that OMS recorded as failed')
      .option('--region <region>', 'of the destination bucket (default: as configured)')
      .option('--project <id>', 'the project (default: as configured)')
      .option('--credentials <name>', 'a credential set (default: as configured)')
      .option('--idempotency-key <key>', 'the same key starts once (default: a new one)')
      .option('--watch', 'follow the run until it ends'),
  examples: ['oms start 4042 --watch', 'oms start 16 --version v1', 'oms start <group> --group'],
  action: (given, id) => {
    const { failedOnly: failedObjectsOnly, project: projectId, region, credentials } = given;
    return startOms(given, {
      id,
      version: given.version,
      isGroup: given.group ?? false,
      key: given.idempotencyKey ?? randomUUID(),
      body: withoutUndefined({ region, projectId, credentials, failedObjectsOnly }),
    });
  },
});

interface OmsOptions extends CommandOptions {
  readonly watch?: boolean;
}

/** @throws CommandFailure: usage for a group of v1, refused when the task can't be started */
async function startOms(options: OmsOptions, start: OmsStart): Promise<ExitCode> {
  const { client, json, stdout } = options;
  const { id, isGroup, version } = start;
  if (isGroup && version === 'v1') {
    throw new CommandFailure('v1 has no task groups', 'Leave --version out', EXIT.usage);
  }
  const { runId, isRunning } = await client.startOms(start);
  if (json) stdout.write(`${JSON.stringify({ runId, running: isRunning })}\n`);
  else {
    const name = `${isGroup ? 'group' : 'task'} ${printable(id)}`;
    stdout.write(`run ${printable(runId)} of\n  ${version} ${name}\n`);
    if (isRunning) stdout.write('it is already running: nothing was started, the run follows it\n');
  }
  return followRun(options, runId);
}
