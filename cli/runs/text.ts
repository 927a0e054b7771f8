/** Runs as text: the progress line, the details, and the failures with what to do. */
import { own } from '../../shared/lib/values.ts';
import type { FailureGroup, RunView } from '../io/answers.ts';
import { clip, clipEnd, wrappedTable } from '../io/table.ts';
import { MARK } from '../io/target.ts';
import { count, duration, indent, type Paint, printable, rate, widthOf } from '../io/text.ts';
import { auditLine, auditReportText, auditRows } from './audit-text.ts';

export const isOver = ({ state }: RunView): boolean =>
  state !== 'planning' && state !== 'active' && state !== 'paused';

const isSending = (run: RunView): boolean => !isOver(run) && run.state !== 'paused';

/** Seconds from its start to its end, or to now while it goes on. */
export const ageOf = ({ createdAt, closedAt }: RunView, now: number): number =>
  Math.max(0, ((closedAt === null ? now : Date.parse(closedAt)) - Date.parse(createdAt)) / 1_000);

/** How many lines nobody has read, as words; empty when there are none. */
export function unreadText({ counts, progress }: Pick<RunView, 'counts' | 'progress'>): string {
  if (counts.unread === null) return 'not known yet';
  if (counts.unread === 0) return '';
  return `${progress.isEstimate ? 'about ' : ''}${count(counts.unread)}`;
}

/** One line: bar, done of total, what went otherwise, rate, time left. */
export function progressLine(run: RunView, perSecond: number, columns = 80): string {
  const { counts, progress } = run;
  if (run.operation === 'audit-arrival') return auditLine(run, columns);
  const { done, total, percent } = progress;
  const rest = total === null ? undefined : total - done;
  const words =
    rest === undefined && !isOver(run)
      ? ` ${run.state === 'paused' ? 'paused' : 'reading the manifest'}`
      : [
          ` ${doneText(run)}`,
          ...(counts.failed > 0 ? [`${count(counts.failed)} failed`] : []),
          ...(counts.cancelled > 0 ? [`${count(counts.cancelled)} cancelled`] : []),
          ...(run.state === 'paused' ? ['paused'] : []),
          ...(isOver(run) && unreadText(run) ? [`unread: ${unreadText(run)}`] : []),
          rate(perSecond),
          ...(rest && perSecond > 0 && isSending(run)
            ? [`${duration(rest / perSecond)} left`]
            : []),
        ].join(', ');
  const width = Math.max(10, Math.min(30, columns - words.length - 3));
  // Only what is complete looks complete.
  const filled = Math.floor((percent * width) / 100);
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]${words}`.slice(0, columns - 1);
}

function doneText({ progress: { done, total, isEstimate } }: RunView): string {
  if (total === null) return `${count(done)} done`;
  return `${count(done)} of ${isEstimate ? 'about ' : ''}${count(total)}`;
}

const ADVICE: Readonly<Record<string, string>> = {
  transient: 'temporary, but retries failed too: retry it later',
  throttled: 'the provider was overloaded: retry it later, or lower the rate',
  quota: 'a quota of the account is used up: free it, then retry it',
  credentials: 'the key pair or its permissions are wrong: fix them, then retry',
  source: 'the source is missing, denies access or is a different file: fix it, then retry',
  request: 'the line or the request is wrong: correct it in failed.csv and submit that',
  state: 'the task or job was in the wrong state: resolve it at the provider, then retry it',
};

/** What a class of failures asks for. */
export const advice = (of: string): string => own(ADVICE, of) ?? '';

const TONE = {
  planning: 'aside',
  active: 'aside',
  paused: 'odd',
  completed: 'good',
  cancelled: 'odd',
  failed: 'bad',
} as const;

export const stateText = (run: Pick<RunView, 'state' | 'counts'>, paint: Paint): string =>
  isNothingSent(run)
    ? paint('odd', 'completed, nothing sent')
    : paint(own(TONE, run.state) ?? 'aside', printable(run.state));

/** Every line was quarantined. */
export const isNothingSent = ({ state, counts }: Pick<RunView, 'state' | 'counts'>): boolean =>
  state === 'completed' &&
  counts.quarantined > 0 &&
  counts.succeeded + counts.failed + counts.cancelled === 0;

const KINDS: Readonly<Record<string, string>> = {
  'cos-offline-fetch': 'fetch',
  'cos-batch-job': 'batch',
  'oms-v2-start-task': 'oms v2',
  'oms-v1-start-task': 'oms v1',
  'oms-v2-create-task': 'oms create',
  'list-source': 'list',
  'audit-arrival': 'audit',
  'retry-failed-objects': 'nightly',
};

/** What a run does, in a word. */
const kindText = ({ operation }: RunView): string => own(KINDS, operation) ?? printable(operation);

/** What a run is about: its manifest or its task. Empty where its kind says all. */
function nameText({ source, task, counts }: RunView): string {
  if (task) {
    const { taskId, groupId, name } = task;
    const id = taskId === undefined ? groupId && `group ${groupId}` : `task ${taskId}`;
    const named = id === undefined ? (name ?? '') : name === undefined ? id : `${id} (${name})`;
    const more = counts.lines > 1 ? ` and ${count(counts.lines - 1)} more` : '';
    return printable(named) + more;
  }
  const key = source?.key ?? '';
  if (key.startsWith('fetches/')) return 'by request';
  if (!key.startsWith('cos-fetch/')) return printable(key);
  return printable(key.split('/').slice(3).join('/').replace(MARK, ''));
}

/** The fingerprint of the file that `submit` sent. */
export const markOf = ({ source }: RunView): string | undefined =>
  MARK.exec(source?.key ?? '')?.[1];

/** `fetch videos.csv`: kind and name, of which the end stays where there is no room. */
export function titleText(run: RunView, columns: number): string {
  const kind = kindText(run);
  const room = Math.max(LEAST_NAME, columns - widthOf(kind) - 1);
  return `${kind} ${clip(nameText(run), room)}`.trimEnd();
}

const LEAST_NAME = 12;

/** @param now for how long it runs, in ms since 1970 */
export function runDetails(run: RunView, paint: Paint, now: number, columns = 80): string {
  const { counts, source, target, error } = run;
  const open = counts.planned + counts.submitting + counts.submitted;
  const unread = unreadText(run);
  const bad = (value: number) => (value > 0 ? paint('bad', count(value)) : count(value));
  const odd = (value: number) => (value > 0 ? paint('odd', count(value)) : count(value));
  const rows = [
    ['run', printable(run.runId)],
    ['kind', kindText(run)],
    ['state', stateText(run, paint)],
    ...(run.task ? [['task', nameText(run)]] : []),
    ...(source ? [['manifest', printable(source.key)]] : []),
    ...(target ? [['target', printable(`${target.region} ${target.bucket}`)]] : []),
    ['created', printable(run.createdAt)],
    ['closed', printable(run.closedAt ?? 'not yet')],
    [isOver(run) ? 'took' : 'for', duration(ageOf(run, now))],
    ...(run.audit
      ? auditRows(run.audit, paint)
      : [
          ['lines', count(counts.lines)],
          ['succeeded', count(counts.succeeded)],
          ['failed', bad(counts.failed)],
          ['quarantined', odd(counts.quarantined)],
        ]),
    ...(open > 0 ? [['open', count(open)]] : []),
    ...(counts.cancelled > 0 ? [['cancelled', odd(counts.cancelled)]] : []),
    ...(unread === '' ? [] : [['unread', isOver(run) ? paint('odd', unread) : unread]]),
    ...(run.handedTo === undefined ? [] : [['goes on in', printable(run.handedTo)]]),
  ];
  const fault = error && `\n${indent(`${error.code}: ${error.message}`, 2, columns)}`;
  return wrappedTable(rows, columns) + (fault ?? '');
}

/** Each cause with how often it came, what it says and what to do. */
export function failureText(failures: readonly FailureGroup[], paint: Paint, columns = 80): string {
  return failures
    .map(({ code, class: of, count: times, message }) => {
      const title = clipEnd(printable(`${count(times)} x ${code} (${of})`), columns - 3);
      const lines = [message, advice(of)].map((line) => indent(line, 4, columns));
      return `\n  ${paint('bad', title)}\n${lines.join('')}`;
    })
    .join('');
}

export const followText = (runId: string): string =>
  `follow it with: npx waybill show ${printable(runId)} --watch\n`;

const listed = (names: readonly string[]): string =>
  new Intl.ListFormat('en', { type: 'conjunction' }).format(names);

/** How to get the lists that name each line, and try again; empty when every line went well. */
export function reportText(run: RunView): string {
  const { runId, counts, state } = run;
  if (run.audit) return auditReportText(run);
  const isStopped = state === 'cancelled' || state === 'failed';
  const isMissing = counts.failed + counts.cancelled > 0;
  const lists = [
    ...(isMissing ? ['failed.csv'] : []),
    ...(counts.quarantined > 0 ? ['rejected.csv'] : []),
    ...(isStopped && run.closedAt !== null && counts.unread !== 0 ? ['rest.csv'] : []),
  ];
  if (lists.length === 0) return '';
  const command = `npx waybill report ${printable(runId)} --out <folder>`;
  const isRetried = counts.failed > 0 && isOver(run) && run.handedTo === undefined;
  const again = isRetried ? `Retry the failures:\n  npx waybill retry ${printable(runId)}\n` : '';
  return `\nLine by line: ${listed(lists)}, written by\n  ${command}\n${again}`;
}
