/** The columns that runs and migrations have in common. */
import type { Run } from '../api/types.ts';
import type { Barred } from '../model/progress.ts';
import { type Page, usePage } from '../state/context.ts';
import { Bar } from './bar.tsx';
import type { Column } from './table.tsx';

export const failedColumn = ({
  t,
  format,
}: Page): Column<{ counts: Pick<Run['counts'], 'failed'> }> => ({
  name: 'failed',
  title: t('run.failed'),
  isNumber: true,
  cell: ({ counts: { failed } }) => (
    <span class={failed > 0 ? 'bad-text' : 'muted none'}>{format.count(failed)}</span>
  ),
});

export const startedColumn = (
  { t, format }: Page,
  now: number,
): Column<Pick<Run, 'createdAt'>> => ({
  name: 'started',
  title: t('run.started'),
  cell: ({ createdAt }) => (
    <time dateTime={createdAt} title={format.instant(createdAt)}>
      {format.ago(createdAt, now)}
    </time>
  ),
});

/** @param uncounted what is known where the total is not */
export function ProgressCell(props: {
  readonly run: Barred;
  readonly uncounted: string;
  readonly showsPercent: boolean;
}) {
  const { t, format } = usePage();
  const { done, total, percent } = props.run.progress;
  return (
    <div class="progress-cell">
      <Bar run={props.run} />
      <span class="below figures">
        <span>{total === null ? props.uncounted : t('progress.ofTotal', { done, total })}</span>
        <span>{props.showsPercent ? format.percent(percent / 100) : ''}</span>
      </span>
    </div>
  );
}
