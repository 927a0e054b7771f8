/** `waybill oms`: creates, starts, stops and deletes tasks and task groups of Huawei OMS. */
import { createHash, randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { withoutUndefined } from '../../shared/lib/values.ts';
import type { OmsStart } from '../io/client.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandIo, type CommandOptions, serviceCommand } from '../io/options.ts';
import { printable } from '../io/text.ts';
import { readJob } from './batch.ts';
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
    .description('create, start, stop and delete tasks and task groups of Huawei OMS')
    .helpCommand(false);
  for (const add of [addCreate, addStart, addStop, addDelete]) add(oms, io);
}

interface PlaceArguments {
  readonly group?: boolean;
  readonly region?: string;
  readonly project?: string;
  readonly credentials?: string;
}

const withPlace = (command: Command): Command =>
  command
    .option('--group', 'the id is that of a task group')
    .option('--region <region>', 'of the destination bucket (default: as configured)')
    .option('--project <id>', 'the project (default: as configured)')
    .option('--credentials <name>', 'a credential set (default: as configured)');

const placeOf = ({ credentials, project: projectId, region }: PlaceArguments) =>
  withoutUndefined({ region, projectId, credentials });

const TASK = ['<task>', 'id of the task, or with --group of the group'] as const;

interface CreateArguments {
  readonly group?: boolean;
  readonly again?: boolean;
  readonly watch?: boolean;
}

const addCreate = serviceCommand<CreateArguments>({
  name: 'create',
  description: 'create tasks, or a group, from a list or a prefix',
  argument: ['<task.json>', 'the body of POST /oms/v2/tasks, - for standard input'],
  options: (command) =>
    command
      .option('--group', 'create a task group (the body of POST /oms/v2/taskgroups)')
      .option('--again', 'create again even if this file already created a run')
      .option('--watch', 'follow the run until it ends'),
  examples: ['oms create task.json --watch', 'oms create group.json --group'],
  action: async (given, path) => {
    const { again, client, group = false, json, stdout } = given;
    const order = await readJob({ path, stdin: given.stdin });
    const hash = createHash('sha256')
      .update(JSON.stringify([group, order]))
      .digest('hex');
    const key = again ? randomUUID() : `waybill-oms-${hash}`;
    const runId = await client.createOms(order, group, key);
    stdout.write(json ? `${JSON.stringify({ runId })}\n` : `run ${printable(runId)}\n`);
    return followRun(given, runId);
  },
});

const addStop = serviceCommand<PlaceArguments>({
  name: 'stop',
  description: 'pause a task that runs',
  argument: TASK,
  options: withPlace,
  examples: ['oms stop 4042', 'oms stop <group> --group'],
  action: async (given, id) => {
    await given.client.stopOms(id, given.group ?? false, placeOf(given));
    return tell(given, id, 'is stopped');
  },
});

const addDelete = serviceCommand<PlaceArguments>({
  name: 'delete',
  description: 'delete a task that does not run',
  argument: TASK,
  options: withPlace,
  examples: ['oms delete 4042', 'oms delete <group> --group'],
  action: async (given, id) => {
    await given.client.deleteOms(id, given.group ?? false, placeOf(given));
    return tell(given, id, 'is deleted');
  },
});

function tell(
  { group = false, json, stdout }: CommandOptions & PlaceArguments,
  id: string,
  what: string,
): ExitCode {
  const named = group ? { groupId: id } : { taskId: id };
  const text = `${group ? 'group' : 'task'} ${printable(id)} ${what}`;
  stdout.write(`${json ? JSON.stringify(named) : text}\n`);
  return EXIT.ok;
}

const addStart = serviceCommand<StartArguments>({
  name: 'start',
  description: 'start a task that was paused or failed, or follow one that runs',
  argument: TASK,
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
