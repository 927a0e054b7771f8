/** Migrations as text: the progress line, the details, the runs, and what to do next. */
import { own } from '../../shared/lib/values.ts';
import {
  canRetry,
  doneOf,
  isEnded,
  isListing,
  isWaiting,
  openOf,
  PHASES,
  percentOf,
  phaseOf,
  totalOf,
} from '../../shared/migrations/progress.ts';
import type { RunView } from '../io/answers.ts';
import type { MigrationView } from '../io/migration-answers.ts';
import { table, wrappedTable } from '../io/table.ts';
import { bytes, count, duration, indent, type Paint, plural, printable, rate } from '../io/text.ts';
import { auditSentence } from '../runs/audit-text.ts';

/** Seconds from its start to its end, or to now while it goes on. */
export const ageOf = ({ createdAt, closedAt }: MigrationView, now: number): number =>
  Math.max(0, ((closedAt === null ? now : Date.parse(closedAt)) - Date.parse(createdAt)) / 1_000);

const TONE = {
  completed: 'good',
  paused: 'odd',
  cancelled: 'odd',
  failed: 'bad',
} as const;

export function stateText(migration: MigrationView, paint: Paint): string {
  const { state, resumeTo } = migration;
  const words = isWaiting(migration) ? 'planned, waiting for start' : state;
  const then = resumeTo === undefined ? '' : ` (was ${resumeTo})`;
  return paint(own(TONE, state) ?? 'aside', printable(words + then));
}

/** One line: bar, phase, done of total, what went otherwise, rate, time left. */
export function progressLine(migration: MigrationView, perSecond: number, columns = 80): string {
  const { counts, state } = migration;
  const [done, total] = [doneOf(migration), totalOf(migration)];
  const open = openOf(migration);
  const isMoving = state === 'pilot' || state === 'moving';
  const words = [
    ` ${state}`,
    isListing(migration)
      ? `${plural(counts.listed, 'object')} so far`
      : `${count(done)} of ${count(total)}`,
    ...(counts.failed > 0 ? [`${count(counts.failed)} failed`] : []),
    ...(counts.cancelled > 0 ? [`${count(counts.cancelled)} cancelled`] : []),
    ...(isMoving || isEnded(migration) ? [rate(perSecond)] : []),
    ...(isMoving && open > 0 && perSecond > 0 ? [`${duration(open / perSecond)} left`] : []),
  ].join(', ');
  const width = Math.max(10, Math.min(30, columns - words.length - 3));
  const filled = Math.floor((percentOf(migration) * width) / 100);
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]${words}`.slice(0, columns - 1);
}

/** Objects a second of the runs that send now. */
export const rateOf = (runs: readonly RunView[], now: number): number =>
  runs
    .filter(({ closedAt, operation }) => closedAt === null && operation !== 'list-source')
    .reduce((sum, { createdAt, progress }) => {
      const seconds = Math.max(1, (now - Date.parse(createdAt)) / 1_000);
      return sum + progress.done / seconds;
    }, 0);

const phaseText = (migration: MigrationView): string =>
  PHASES.map((phase) => (phase === phaseOf(migration) ? `[${phase}]` : phase)).join(' > ');

const optional = (name: string, value: string | undefined): readonly (readonly string[])[] =>
  value === undefined ? [] : [[name, value]];

/** @param runs its newest, for the rate @param now in ms since 1970 */
export function migrationDetails(
  migration: MigrationView,
  runs: readonly RunView[],
  paint: Paint,
  now: number,
  columns = 80,
): string {
  const { migrationId, name, source, list, target, route, error, counts, excluded } = migration;
  const [open, perSecond] = [openOf(migration), rateOf(runs, now)];
  const toned = (tone: 'bad' | 'odd', value: number) =>
    value > 0 ? paint(tone, count(value)) : count(value);
  const reasons = excluded.map(({ reason, count: times }) => `${count(times)} x ${reason}`);
  const isSending = perSecond > 0 && migration.state !== 'paused';
  const rows = [
    ['migration', printable(migrationId)],
    ...(name === source || name === list?.key ? [] : [['name', printable(name)]]),
    ...(source === null ? [] : [['from', printable(source)]]),
    ...optional('list', list && printable(list.key)),
    ['to', printable(target)],
    ['route', printable(route)],
    ['state', stateText(migration, paint)],
    ...(phaseOf(migration) === undefined ? [] : [['phase', phaseText(migration)]]),
    ['created', printable(migration.createdAt)],
    ['closed', printable(migration.closedAt ?? 'not yet')],
    [isEnded(migration) ? 'took' : 'for', duration(ageOf(migration, now))],
    ['listed', count(counts.listed)],
    ['excluded', count(counts.excluded)],
    ...reasons.map((reason) => ['', printable(reason)]),
    ['to move', `${count(totalOf(migration))}, ${bytes(counts.bytes)}`],
    ['succeeded', count(counts.succeeded)],
    ['failed', toned('bad', counts.failed)],
    ['quarantined', toned('odd', counts.quarantined)],
    ...(open > 0 ? [['open', count(open)]] : []),
    ...(counts.cancelled > 0 ? [['cancelled', toned('odd', counts.cancelled)]] : []),
    ...(migration.audit ? [['audit', auditSentence(migration.audit)]] : []),
    ...(isSending ? [['rate', rate(perSecond)]] : []),
    ...(isSending && open > 0 ? [['time left', duration(open / perSecond)]] : []),
  ];
  const fault = error && `\n${indent(`${error.code}: ${error.message}`, 2, columns)}`;
  return wrappedTable(rows, columns) + (fault ?? '');
}

/** @param runs the newest of them, newest first */
export function runsText({ roles, runs: ids }: MigrationView, runs: readonly RunView[]): string {
  if (runs.length === 0) return '';
  const rows = runs.map(({ runId, state, counts }) => [
    printable(runId),
    printable(own(roles, runId) ?? ''),
    printable(state),
    count(counts.lines),
    count(counts.failed),
  ]);
  const more = ids.length > runs.length ? `and ${count(ids.length - runs.length)} older\n` : '';
  return `\n${table([['RUN', 'FOR', 'STATE', 'LINES', 'FAILED'], ...rows])}${more}`;
}

export function readinessText(migration: MigrationView, paint: Paint, columns: number): string {
  const { verdict, reasons } = migration.readiness;
  const rows = [
    ['ready', paint(verdict === 'GO' ? 'good' : 'bad', verdict)],
    ...reasons.map((reason, at) => [at === 0 ? 'because' : '', printable(reason)]),
  ];
  return `\n${wrappedTable(rows, columns)}`;
}

/** Commands, each with what it is for. */
export function nextText(migration: MigrationView): string {
  const { state, counts, readiness } = migration;
  const id = printable(migration.migrationId);
  const steps: readonly (readonly [boolean, string, string])[] = [
    [isWaiting(migration), 'start it', `start ${id}`],
    [state === 'paused', 'resume it', `resume ${id}`],
    [!isEnded(migration) && state !== 'paused', 'follow it', `show ${id} --watch`],
    [canRetry(migration), 'retry the failures', `retry ${id}`],
    [
      state === 'completed' && readiness.verdict !== 'GO',
      'move what is new or changed',
      `catch-up ${id}`,
    ],
    [
      counts.failed + counts.quarantined + counts.cancelled > 0,
      'write the lists that name each line',
      `report ${id} --out <folder>`,
    ],
  ];
  const shown = steps.filter(([holds]) => holds);
  const lines = shown.map(([, what, command]) => `  ${what}:\n    npx waybill ${command}\n`);
  return lines.length === 0 ? '' : `\nNext:\n${lines.join('')}`;
}
