/** What each command prints with `--json`. `npm run docs` makes docs/schemas/cli/ from it. */
import * as v from 'valibot';
import { checkShape } from './check/line.ts';
import { notifyShape } from './commands/notify.ts';
import { showShape } from './commands/show.ts';
import { verifyShape } from './commands/verify.ts';
import {
  jobNamed,
  omsNamed,
  ordered,
  pace,
  run,
  runPage,
  size,
  summary,
  transfer,
  transferPage,
} from './io/answers.ts';
import { migration, migrationPage, migrationSummary, opened } from './io/migration-answers.ts';
import { manifestShape } from './manifest/output.ts';
import { planShape, planWithProbeShape } from './plan/shape.ts';
import { certificateShape } from './verify/certificate.ts';

export interface Output {
  readonly description: string;
  readonly schema: v.GenericSchema;
}

const finding = {
  line: size,
  byteOffset: size,
  reason: v.string(),
  message: v.string(),
  fix: v.optional(v.string()),
};

/** For a file that is no manifest. */
const fault = v.object({
  path: v.string(),
  error: v.object({ code: v.literal('MANIFEST_INVALID'), message: v.string() }),
});

const listFault = v.object({
  path: v.string(),
  error: v.object({ code: v.string(), message: v.string() }),
});

const lint = v.object({
  path: v.string(),
  key: v.optional(v.string()),
  target: v.optional(v.object({ region: v.string(), bucket: v.string() })),
  layout: v.looseObject({
    format: v.picklist(['csv', 'jsonl']),
    gzip: v.boolean(),
    header: v.boolean(),
  }),
  sizeBytes: size,
  counts: v.object({
    lines: size,
    header: size,
    blank: size,
    quarantined: size,
    transfers: size,
    warnings: v.record(v.string(), size),
  }),
  quarantined: v.array(v.object({ ...finding, text: v.string() })),
  warnings: v.array(v.object(finding)),
  hidden: size,
  clashesCapped: v.boolean(),
});

const followedMigration = v.union([opened, migration]);

const steered = v.union([v.object({ runId: v.string() }), opened]);

/** By command. Where a run is followed, each look at it is one more line. */
export const OUTPUTS: Readonly<Record<string, Output>> = {
  audit: {
    description: 'The run of the audit, or the migration; with --watch then one per line.',
    schema: v.union([v.object({ runId: v.string() }), run, followedMigration]),
  },
  batch: {
    description: 'The run and its job; with --watch then a run per line.',
    schema: v.union([
      v.object({
        runId: v.string(),
        /** Null while an answer that was lost is not resolved yet. */
        jobId: v.nullable(v.string()),
        /** The same file made it before. */
        existing: v.boolean(),
      }),
      run,
    ]),
  },
  'batch cancel': { description: 'The job that was cancelled.', schema: jobNamed },
  'batch confirm': { description: 'The job that was confirmed.', schema: jobNamed },
  'batch priority': { description: 'The job with another priority.', schema: jobNamed },
  cancel: { description: 'What was cancelled.', schema: steered },
  'catch-up': {
    description: 'The migration that catches up; with --watch then a migration per line.',
    schema: followedMigration,
  },
  check: {
    description: 'What works and what does not, before anything starts.',
    schema: checkShape,
  },
  lint: {
    description: 'Findings in a manifest; error if the file is unreadable.',
    schema: v.union([lint, fault]),
  },
  manifest: {
    description: 'What a list names, and what is left out of its manifest; error when it is none.',
    schema: v.union([manifestShape, listFault]),
  },
  migrate: {
    description: 'The migration; with --watch then one per line.',
    schema: followedMigration,
  },
  migrations: { description: 'Migrations, newest first.', schema: migrationPage },
  notify: {
    description: 'Which receivers took the test notification.',
    schema: notifyShape,
  },
  'oms create': {
    description: 'The run that creates; with --watch then a run per line.',
    schema: v.union([v.object({ runId: v.string() }), run]),
  },
  'oms delete': { description: 'What was deleted.', schema: omsNamed },
  'oms start': {
    description: 'The run of the task or group; with --watch then a run per line.',
    schema: v.union([
      /** `running`: it ran already, and is followed. */
      v.object({ runId: v.string(), running: v.boolean() }),
      run,
    ]),
  },
  'oms stop': { description: 'What was stopped.', schema: omsNamed },
  pace: { description: 'The pace that holds.', schema: pace },
  pause: { description: 'What was paused.', schema: steered },
  plan: {
    description:
      'What a manifest or a migration would take; error if the manifest or list is unreadable.',
    schema: v.union([planShape, planWithProbeShape, listFault]),
  },
  redrive: {
    description: 'Shards that went back to the queue, and shards that are left.',
    schema: v.object({ moved: size, left: size }),
  },
  report: {
    description: 'The summary; with --out the files that were written.',
    schema: v.union([
      v.object({ runId: v.string(), folder: v.string(), files: v.array(v.string()) }),
      v.object({ migrationId: v.string(), folder: v.string(), files: v.array(v.string()) }),
      migrationSummary,
      summary,
    ]),
  },
  resume: { description: 'What was resumed.', schema: steered },
  retry: {
    description:
      'How many transfers of a run were requeued, or the migration; with --watch then one per line.',
    schema: v.union([ordered, run, followedMigration]),
  },
  runs: { description: 'Runs, newest first.', schema: runPage },
  show: { description: 'One run or migration; with --watch one per line.', schema: showShape },
  sign: {
    description:
      'Every intermediate string of the signature of one request, or the error of the line; one per line.',
    schema: v.union([
      v.strictObject({ error: v.object({ code: v.string(), message: v.string() }) }),
      v.record(v.string(), v.string()),
    ]),
  },
  start: {
    description: 'The migration that was started; with --watch then one per line.',
    schema: followedMigration,
  },
  submit: {
    description: 'The run and the key of its manifest; with --watch then a run per line.',
    schema: v.union([
      /** `existing`: the same file was sent before, as this run; nothing was sent now. */
      v.object({ runId: v.string(), key: v.string(), existing: v.boolean() }),
      run,
    ]),
  },
  transfer: { description: 'One transfer with its history.', schema: transfer },
  transfers: {
    description: 'Transfers of a run, in the order of its manifest.',
    schema: transferPage,
  },
  verify: {
    description: 'Whether a certificate, or reports, are as they were written.',
    schema: v.union([certificateShape, verifyShape]),
  },
};
