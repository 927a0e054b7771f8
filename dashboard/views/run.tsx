/** The view of one run, polled until it closes. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { isRun, isRunPage, isSummary } from '../api/checks.ts';
import type { Failure } from '../api/failure.ts';
import { runPath } from '../api/paths.ts';
import type { FailureGroup, Run } from '../api/types.ts';
import { notice, seenOf } from '../live/seen-progress.ts';
import { useLive, useNow } from '../live/use-live.ts';
import { adviceOf } from '../model/advice.ts';
import { endOf, isOver, isStopped } from '../model/progress.ts';
import { aheadOf } from '../model/run-list.ts';
import { targetOf } from '../model/run-name.ts';
import { hasCourse } from '../model/timeline.ts';
import { Absent } from '../parts/absent.tsx';
import { Audit } from '../parts/audit.tsx';
import { RunBadge } from '../parts/badge.tsx';
import { Copyable } from '../parts/copy.tsx';
import { Downloads, REPORTS } from '../parts/downloads.tsx';
import { Facts, factOf, Instant } from '../parts/facts.tsx';
import { History } from '../parts/history.tsx';
import { ButtonLink, FailureNotice, LiveFailure, Notice } from '../parts/notice.tsx';
import { Waiting } from '../parts/run-table.tsx';
import { runTitle } from '../parts/run-title.ts';
import { Title } from '../parts/title.tsx';
import { usePage } from '../state/context.ts';
import { runHref, runsHref, type TransferFilter } from '../state/route.ts';
import { useMayWrite } from '../state/session.ts';
import { Actions, Dialog, type RunDialog } from './run/actions.tsx';
import { Failures } from './run/failures.tsx';
import { Headline } from './run/headline.tsx';
import { Night } from './run/night.tsx';
import { Outcomes } from './run/outcomes.tsx';
import { Plots } from './run/plots.tsx';
import { Rejected } from './run/rejected.tsx';
import { Transfers } from './run/transfers.tsx';
import { Warnings } from './run/warnings.tsx';

export function RunView(props: { readonly runId: string; readonly filter: TransferFilter }) {
  const { t } = usePage();
  const { runId, filter } = props;
  const path = runPath(runId);
  // A run that is over can still be retried, or end late.
  const live = useLive(path, isRun, (run) => (isOver(run) ? 20_000 : 1_500));
  const run = live.value;
  useEffect(() => {
    if (run) performance.mark('waybill:run');
  }, [run]);
  const back = { href: runsHref(), text: t('nav.runs') };

  if (!run) {
    return (
      <Absent
        live={live}
        title={t('run.run')}
        missingTitle={t('run.missing.title')}
        missing={t('run.missing.text', { id: runId })}
        back={back}
      >
        <ButtonLink href={runsHref()} text={t('unknown.back')} />
      </Absent>
    );
  }
  return (
    <>
      <LiveFailure live={live} />
      <Followed run={run} filter={filter} refresh={live.refresh} />
    </>
  );
}

function Followed(props: {
  readonly run: Run;
  readonly filter: TransferFilter;
  readonly refresh: () => void;
}) {
  const { run, filter, refresh } = props;
  const { runId, counts, state } = run;
  const over = isOver(run);
  const summary = useLive(`${runPath(runId)}/summary.json`, isSummary, () =>
    over ? undefined : 8_000,
  );
  const outcome = `${state} ${counts.failed > 0} ${over ? counts.failed : ''}`;
  useEffect(() => summary.refresh(), [outcome]);

  const [dialog, setDialog] = useState<RunDialog>();
  const mayWrite = useMayWrite();
  const groups = summary.value?.failures ?? [];
  // A run that stopped for another reason than its input goes on where it stood.
  const canResume = isStopped(run) && run.error?.class !== 'request';
  const canRetry = (groups.length > 0 || canResume) && state !== 'planning';

  return (
    <>
      <Head
        run={run}
        groups={groups}
        canRetry={canRetry}
        dialog={dialog}
        onDialog={setDialog}
        refresh={refresh}
      />
      <StateNotices run={run} />

      {run.audit ? <Audit audit={run.audit} /> : <Course run={run} />}
      {counts.failed > 0 && <LiveFailure live={summary} />}
      {groups.length > 0 && (
        <Failures
          groups={groups}
          adviceOf={(group) => adviceOf(group, run, 'transfer')}
          hrefOf={(group) => runHref(runId, { state: 'failed', cause: group.class })}
          onRetry={canRetry && mayWrite ? (kind) => setDialog({ retry: kind }) : undefined}
        />
      )}
      {summary.value?.nightly && <Night nightly={summary.value.nightly} />}
      {counts.quarantined > 0 && <Rejected run={run} />}
      {summary.value && <Warnings counts={summary.value.warnings} />}
      {!run.audit && <Transfers run={run} filter={filter} />}
      <History id={runId} isOver={over} />
      <Downloads path={runPath(runId)} id={runId} names={reportsOf(run)} />
    </>
  );
}

/** The heading with its actions, and what came of the last one. */
function Head(props: {
  readonly run: Run;
  readonly groups: readonly FailureGroup[];
  readonly canRetry: boolean;
  readonly dialog: RunDialog | undefined;
  readonly onDialog: (dialog: RunDialog | undefined) => void;
  readonly refresh: () => void;
}) {
  const { t } = usePage();
  const { run, groups, canRetry, dialog, onDialog, refresh } = props;
  const [done, setDone] = useState<string>();
  const [failure, setFailure] = useState<Failure>();
  const finish = (text: string) => {
    onDialog(undefined);
    setDone(text);
    refresh();
  };
  return (
    <>
      <Title
        text={runTitle(run, t)}
        badge={<RunBadge run={run} />}
        back={{ href: runsHref(), text: t('nav.runs') }}
        actions={
          <Actions
            run={run}
            canRetry={canRetry}
            hasFailures={groups.length > 0}
            onOpen={onDialog}
            onDone={finish}
            onFailure={setFailure}
          />
        }
      >
        <About run={run} />
      </Title>
      {done && <Notice tone="good" title={done} isNews />}
      {failure && <FailureNotice failure={failure} stays />}
      <Dialog
        dialog={dialog}
        run={run}
        groups={groups}
        onClose={() => onDialog(undefined)}
        onDone={finish}
      />
    </>
  );
}

function About({ run }: { readonly run: Run }) {
  const { t } = usePage();
  const { operation, createdAt, closedAt, runId } = run;
  return (
    <Facts
      class="about"
      facts={[
        [t('run.operation'), t(`operation.${operation}`)],
        ...factOf(t('run.target'), targetOf(run)),
        [t('run.started'), <Instant at={createdAt} />],
        ...factOf(t('run.closed'), closedAt && <Instant at={closedAt} />),
        [t('run.id'), <Copyable text={runId} />],
      ]}
    />
  );
}

function StateNotices({ run }: { readonly run: Run }) {
  const { t } = usePage();
  const { counts, progress } = run;
  return (
    <>
      {run.state === 'paused' && <Notice tone="info" title={t('pause.text')} />}
      {run.error && <RunError run={run} />}
      {!isOver(run) && counts.submitted + counts.submitting + progress.done === 0 && (
        <WaitsBehind run={run} />
      )}
      {run.handedTo !== undefined && (
        <Notice tone="info">
          <p>
            {t('run.handedTo')} <a href={runHref(run.handedTo)}>{run.handedTo}</a>
          </p>
        </Notice>
      )}
    </>
  );
}

/** How it went so far: in figures, over time, by outcome. */
function Course({ run }: { readonly run: Run }) {
  const tick = useNow(1_000);
  const [lookedAt, seen] = useMemo(() => {
    const at = Date.now();
    return [at, isOver(run) ? seenOf(run.runId) : notice(run, at)] as const;
  }, [run]);
  return (
    <>
      <Headline run={run} seen={seen} now={endOf(run, tick)} />
      <div class={hasCourse(run) ? 'grid' : 'alone'}>
        {hasCourse(run) && <Plots run={run} seen={seen} now={endOf(run, lookedAt)} />}
        <Outcomes run={run} />
      </div>
    </>
  );
}

/** A stopped run has what was never sent too. */
const reportsOf = (run: Run): readonly string[] => {
  if (run.audit) return run.audit.isWhole ? AUDIT_FILES : ['summary.json'];
  return run.closedAt !== null && isStopped(run) && run.progress.total !== null
    ? [...REPORTS, 'rest.csv']
    : REPORTS;
};

const AUDIT_FILES = [
  'missing.csv',
  'different.csv',
  'undecided.csv',
  'extra.csv',
  'certificate.json',
];

/** Asked for only while nothing of the run is sent. */
function WaitsBehind({ run }: { readonly run: Run }) {
  const open = useLive(
    `runs?state=planning,active&operation=${run.operation}`,
    isRunPage,
    () => 5_000,
  );
  const runs = open.value?.runs ?? [];
  if (aheadOf(run, runs).length === 0) return null;
  return (
    <Notice tone="info">
      <Waiting run={run} all={runs} />
    </Notice>
  );
}

/** Why the run itself could not be carried out. */
function RunError({ run }: { readonly run: Run }) {
  const { t } = usePage();
  const { error } = run;
  if (!error) return null;
  return (
    <Notice tone="bad" title={t('run.error')}>
      <p>{t(adviceOf(error, run, 'run'))}</p>
      <p class="small muted" lang="en">
        <code>{error.code}</code> {error.message}
      </p>
    </Notice>
  );
}
