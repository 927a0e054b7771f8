/** The table of runs. */
import type { Run } from '../api/types.ts';
import { looksOf, seenOf } from '../live/seen-progress.ts';
import { useNow } from '../live/use-live.ts';
import { isOver, paceOf } from '../model/progress.ts';
import { aheadOf } from '../model/run-list.ts';
import { targetOf } from '../model/run-name.ts';
import { usePage } from '../state/context.ts';
import { runHref } from '../state/route.ts';
import { RunBadge } from './badge.tsx';
import { Bar } from './bar.tsx';
import { runTitle } from './run-title.ts';
import { type Column, Table } from './table.tsx';

/** Of a run that has sent nothing yet, the open runs before it. */
export function Waiting({ run, all }: { readonly run: Run; readonly all: readonly Run[] }) {
  const { t } = usePage();
  const ahead = aheadOf(run, all);
  const [first] = ahead;
  if (!first) return null;
  return (
    <span class="below waiting">
      {t('run.waiting')} <a href={runHref(first.runId)}>{runTitle(first, t)}</a>
      {ahead.length > 1 && t('run.waitingMore', { n: ahead.length - 1 })}
    </span>
  );
}

export function RunTable(props: {
  readonly label: string;
  readonly runs: readonly Run[];
  /** Those among which a run may wait. */
  readonly all?: readonly Run[];
  readonly isBusy?: boolean;
  /** What each is called. @default its manifest, list or task */
  readonly titleOf?: (run: Run) => string;
}) {
  const { t, format } = usePage();
  const now = useNow(2_000);
  const pace = (run: Run) => paceOf(run, looksOf(seenOf(run.runId)), now);
  const columns: readonly Column<Run>[] = [
    {
      name: 'run',
      title: t('run.run'),
      isHead: true,
      isWide: true,
      cell: (run) => (
        <>
          <a class="row-link" href={runHref(run.runId)}>
            {props.titleOf?.(run) ?? runTitle(run, t)}
          </a>
          <span class="below">
            {[t(`operation.${run.operation}`), targetOf(run)].filter(Boolean).join(' · ')}
          </span>
          <Waiting run={run} all={props.all ?? props.runs} />
        </>
      ),
    },
    {
      name: 'state',
      title: t('run.state'),
      cell: (run) => <RunBadge run={run} />,
    },
    {
      name: 'progress',
      title: t('progress.label'),
      cell: (run) => {
        const { done, total, percent } = run.progress;
        return (
          <div class="progress-cell">
            <Bar run={run} />
            <span class="below figures">
              <span>
                {total === null ? format.count(done) : t('progress.ofTotal', { done, total })}
              </span>
              <span>{total === 0 ? '' : format.percent(percent / 100)}</span>
            </span>
          </div>
        );
      },
    },
    {
      name: 'rate',
      title: t('run.rate'),
      isNumber: true,
      cell: (run) => {
        const { perSecond } = pace(run);
        if (perSecond > 0 || !isOver(run)) return format.rate(perSecond);
        return <span class="muted">–</span>;
      },
    },
    {
      name: 'left',
      title: t('run.left'),
      isNumber: true,
      cell: (run) => {
        const { secondsLeft } = pace(run);
        if (secondsLeft !== undefined) return format.duration(secondsLeft);
        return <span class="muted">{isOver(run) ? '–' : t('run.leftUnknown')}</span>;
      },
    },
    {
      name: 'failed',
      title: t('run.failed'),
      isNumber: true,
      cell: ({ counts }) => (
        <span class={counts.failed > 0 ? 'bad-text' : 'muted none'}>
          {format.count(counts.failed)}
        </span>
      ),
    },
    {
      name: 'started',
      title: t('run.started'),
      cell: ({ createdAt }) => (
        <time dateTime={createdAt} title={format.instant(createdAt)}>
          {format.ago(createdAt, now)}
        </time>
      ),
    },
  ];
  return (
    <div class="run-list">
      <Table
        label={props.label}
        columns={columns}
        rows={props.runs}
        keyOf={({ runId }) => runId}
        {...(props.isBusy && { isBusy: true })}
      />
    </div>
  );
}
