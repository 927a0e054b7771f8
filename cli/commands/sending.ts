/** Commands that start, repeat and end work: submit, retry, cancel. */
import type { Command } from 'commander';
import { CAUSE_CLASSES } from '../../shared/lib/errors.ts';
import { canAsk, confirm } from '../ask.ts';
import { cancel } from '../cancel.ts';
import { retry } from '../retry.ts';
import { submit } from '../submit.ts';
import {
  type Connection,
  clientOf,
  connected,
  ends,
  examples,
  type Place,
  shown,
  someOf,
} from './common.ts';

interface SubmitArguments extends Connection {
  readonly to: string;
  readonly name?: string;
  readonly strict?: boolean;
  readonly allowHttps?: boolean;
  readonly watch?: boolean;
}

export function addSubmit(program: Command, place: Place): void {
  connected(program.command('submit'))
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
      ends(
        place,
        (path: string, { to, name, strict, allowHttps, watch, ...given }: SubmitArguments) =>
          submit({
            ...shown(place, given),
            path,
            to,
            name,
            strict: strict ?? false,
            allowHttps: allowHttps ?? false,
            watch: watch ?? false,
            stderr: place.stderr,
          }),
      ),
    );
}

export function addRetry(program: Command, place: Place): void {
  connected(program.command('retry'))
    .description('order again what failed in a run')
    .argument('<run>', 'id of the run')
    .addOption(someOf('--class <class...>', 'only failures of these classes', CAUSE_CLASSES))
    .option('--watch', 'follow the run until it ends')
    .addHelpText(
      'after',
      examples('retry <run>', 'retry <run> --class transient throttled --watch'),
    )
    .action(
      ends(
        place,
        (
          runId: string,
          given: Connection & { readonly class?: readonly string[]; readonly watch?: boolean },
        ) =>
          retry(
            { ...shown(place, given), classes: given.class ?? [], watch: given.watch ?? false },
            runId,
          ),
      ),
    );
}

export function addCancel(program: Command, place: Place): void {
  connected(program.command('cancel'))
    .description('submit nothing more of a run; asks first')
    .argument('<run>', 'id of the run')
    .option('--yes', 'do not ask; needed where there is no terminal')
    .addHelpText('after', examples('cancel <run>', 'cancel <run> --yes --json'))
    .action(
      ends(place, (runId: string, { yes, json, ...given }: Connection & { yes?: boolean }) =>
        cancel(
          {
            client: clientOf(place, given),
            yes: yes ?? false,
            confirm: canAsk(place) ? (question) => confirm(question, place) : undefined,
            json: json ?? false,
            stdout: place.stdout,
            stderr: place.stderr,
          },
          runId,
        ),
      ),
    );
}
