/** The table of runs. */
import type { Run } from '../api/types.ts';
import { looksOf, seenOf } from '../live/seen-progress.ts';
import { useNow } from '../live/use-live.ts';
import { isOver, paceOf } from '../model/progress.ts';
import { aheadOf } from '../model/run-list.ts';
import { targetOf } from '../model/run-name.ts';
import { type Page, usePage } from '../state/context.ts';
import { runHref } from '../state/route.ts';
import { RunBadge } from './badge.tsx';
import { failedColumn, ProgressCell, startedColumn } from './columns.tsx';
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
  const page = usePage();
  const { t, format } = page;
  const now = useNow(2_000);
  const columns: readonly Column<Run>[] = [
    {
      name: 'run',
      title: t('run.run'),
      isHead: true,
      isWide: true,
      cell: (run) => (
        <RunCell run={run} name={props.titleOf?.(run)} all={props.all ?? props.runs} />
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
      cell: (run) => (
        <ProgressCell
          run={run}
          uncounted={format.count(run.progress.done)}
          showsPercent={run.progress.total !== 0}
        />
      ),
    },
    ...paceColumns(page, now),
    failedColumn(page),
    startedColumn(page, now),
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

function RunCell(props: {
  readonly run: Run;
  readonly name: string | undefined;
  readonly all: readonly Run[];
}) {
  const { t } = usePage();
  const { run } = props;
  return (
    <>
      <a class="row-link" href={runHref(run.runId)}>
        {props.name ?? runTitle(run, t)}
      </a>
      <span class="below">
        {[t(`operation.${run.operation}`), targetOf(run)].filter(Boolean).join(' · ')}
      </span>
      <Waiting run={run} all={props.all} />
    </>
  );
}

/** How fast it goes, and how long it still takes. */
function paceColumns({ t, format }: Page, now: number): readonly Column<Run>[] {
  const pace = (run: Run) => paceOf(run, looksOf(seenOf(run.runId)), now);
  return [
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
  ];
}
