/**
 * `waybill audit <run|migration|manifest|source> [target]`: compares what should be in a target with what is there;
 * sends nothing.
 */
import { Option } from 'commander';
import { AUDIT_LEVELS } from '../../shared/audit/judge.ts';
import { withoutUndefined } from '../../shared/lib/values.ts';
import { isMigrationId } from '../io/client.ts';
import { systemClock } from '../io/clock.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandOptions, serviceCommand } from '../io/options.ts';
import { findId } from '../io/run-id.ts';
import { printable } from '../io/text.ts';
import { followMigration } from '../migrations/show.ts';
import { followRun } from './show.ts';

interface AuditArguments {
  readonly level?: string;
  readonly credentials?: string;
  readonly watch?: boolean;
}

export const addAudit = serviceCommand<AuditArguments>({
  name: 'audit',
  description: 'compare a target with what should be in it; sends nothing',
  argument: [
    '<what>',
    'a run, a migration, the key of a manifest, or a bucket such as s3://media/photos/',
  ],
  second: ['[target]', 'such as cos://ap-shanghai/examplebucket-1250000000/photos/'],
  options: (command) =>
    command
      .addOption(
        new Option(
          '--level <level>',
          'head asks for what lists leave open (default: list)',
        ).choices(AUDIT_LEVELS),
      )
      .option('--credentials <name>', "set of the target's account (default: as configured)")
      .option('--watch', 'follow it until it ends'),
  examples: [
    'audit <run> --watch',
    'audit <migration> --level head --watch',
    'audit cos-fetch/ap-shanghai/b-1250000000/videos.csv --level head',
    'audit s3://media/photos/ cos://ap-shanghai/b-1250000000/photos/ --watch',
  ],
  action: audit,
});

type AuditOptions = CommandOptions & AuditArguments;

/** @throws CommandFailure: usage without a target, refused for what can't be compared */
async function audit(options: AuditOptions, what: string, target?: string): Promise<ExitCode> {
  const { credentials, json, level, stdout } = options;
  const body = withoutUndefined({ audit: level, credentials, target });
  const id = isPlace(what) ? what : await findId(options.client, what);
  if (isMigrationId(id)) return auditMigration(options, id);
  const runId = await start(options, id, body);
  if (json) stdout.write(`${JSON.stringify({ runId })}\n`);
  else stdout.write(`audit ${printable(runId)}\n`);
  return followRun(options, runId);
}

async function start(
  options: AuditOptions,
  what: string,
  body: { readonly target?: string },
): Promise<string> {
  const { client } = options;
  if (/^(?:cos-fetch|fetches)\//.test(what)) return client.auditManifest({ key: what, ...body });
  if (!isPlace(what)) return client.audit(what, body);
  if (body.target === undefined) {
    const todo = 'Add it, such as cos://ap-shanghai/examplebucket-1250000000/photos/';
    throw new CommandFailure('the target is missing', todo, EXIT.usage);
  }
  return client.audit(await list(options, what), body);
}

const isPlace = (what: string): boolean => what.includes('/');

/** Of its latest list, with its own target. */
async function auditMigration(options: AuditOptions, migrationId: string): Promise<ExitCode> {
  const { client, json, level, stdout } = options;
  await client.auditMigration(migrationId, withoutUndefined({ audit: level }));
  if (json) stdout.write(`${JSON.stringify({ migrationId })}\n`);
  else stdout.write(`audit of migration ${printable(migrationId)}\n`);
  return followMigration(options, migrationId);
}

const LOOK_MS = 500;

/** Lists the source first. @returns the run that did */
async function list({ client, json, stdout, clock = systemClock }: AuditOptions, source: string) {
  const runId = await client.list(source);
  if (!json) stdout.write(`list ${printable(runId)} of ${printable(source)}\n`);
  for (;;) {
    const { state, error } = await client.run(runId);
    if (state === 'active' || state === 'completed') return runId;
    if (state !== 'planning' && state !== 'paused') {
      const why = error ? `: ${error.message}` : '';
      throw new CommandFailure(
        `the list is ${state}${why}`,
        'Fix it, then audit again',
        EXIT.failures,
      );
    }
    await clock.wait(LOOK_MS);
  }
}
