/** The text of a notification for a chat: a headline, and what to do. */
import * as v from 'valibot';
import { maskUrls } from '../../lib/url-secrets.ts';
import { own } from '../../lib/values.ts';
import type { Message } from './message.ts';

/** WeCom takes the least: 2,048 bytes. */
const MAX_BYTES = 2_000;

const counts = v.object({ succeeded: v.number(), failed: v.number() });

const cause = v.object({ code: v.string(), message: v.string() });

/** What the texts need of each event; a message may have been written by another version. */
const TEXTS = {
  'run.closed': text(
    v.object({
      runId: v.string(),
      operation: v.string(),
      state: v.string(),
      counts,
      source: v.optional(v.object({ key: v.string() })),
      error: v.optional(cause),
    }),
    (run) => [
      `Run ${run.runId} (${run.operation}) ${own(ENDS, run.state) ?? run.state}`,
      ...(run.source ? [run.source.key] : []),
      tell(run.counts),
      ...(run.error ? [`${run.error.code}: ${run.error.message}`] : []),
      ...(run.counts.failed > 0 || run.error ? [`npx waybill show ${run.runId}`] : []),
    ],
  ),
  'run.failing': text(v.object({ runId: v.string(), counts }), (run) => [
    `Many transfers of run ${run.runId} fail`,
    tell(run.counts),
    `npx waybill show ${run.runId}`,
  ]),
  'credentials.refused': text(
    v.object({ provider: v.string(), api: v.string(), ...cause.entries }),
    (refused) => [
      `${refused.provider} refuses the key (${refused.api})`,
      `${refused.code}: ${refused.message}`,
      'Nothing more is sent with this key. Fix the key, then retry the run.',
    ],
  ),
  'migration.waiting': migration('waits for its start'),
  'migration.stopped': migration('stopped'),
  'migration.completed': migration('is completed'),
  test: text(v.object({}), () => ['This is a test. Notifications arrive here.']),
};

const ENDS: Readonly<Record<string, string>> = {
  completed: 'is completed',
  cancelled: 'was cancelled',
  failed: 'failed',
};

function text<Schema extends v.GenericSchema>(
  schema: Schema,
  lines: (data: v.InferOutput<Schema>) => readonly string[],
) {
  return (data: unknown): readonly string[] | undefined => {
    const parsed = v.safeParse(schema, data);
    return parsed.success ? lines(parsed.output) : undefined;
  };
}

function migration(news: string) {
  const shape = v.object({
    migrationId: v.string(),
    name: v.string(),
    target: v.string(),
    counts,
    error: v.optional(cause),
  });
  return text(shape, (told) => [
    `Migration ${told.migrationId} ${news}`,
    `${told.name} to ${told.target}`,
    tell(told.counts),
    ...(told.error ? [`${told.error.code}: ${told.error.message}`] : []),
    `npx waybill show ${told.migrationId}`,
  ]);
}

const tell = ({ succeeded, failed }: v.InferOutput<typeof counts>): string =>
  `${succeeded.toLocaleString('en')} succeeded, ${failed.toLocaleString('en')} failed`;

/** An event that this version does not know is told by its name. */
export function textOf({ type, data }: Pick<Message, 'type' | 'data'>): string {
  const known = own<(data: unknown) => readonly string[] | undefined>(TEXTS, type)?.(data);
  const lines = (known ?? [type]).map((line) => line.replaceAll(/\p{Cc}+/gu, ' '));
  return cut(maskUrls(`Waybill: ${lines.join('\n')}`));
}

/** Never within a character. */
function cut(whole: string): string {
  if (Buffer.byteLength(whole) <= MAX_BYTES) return whole;
  const bytes = Buffer.from(whole).subarray(0, MAX_BYTES - 3);
  return `${bytes.toString('utf8').replace(/\ufffd+$/, '')}…`;
}
