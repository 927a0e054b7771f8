/** The view of one run, polled until it closes. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { isRun, isRunPage, isSummary } from '../api/checks.ts';
import type { Failure } from '../api/failure.ts';
import { runPath } from '../api/paths.ts';
import type { CauseClass, Run } from '../api/types.ts';
import { notice, seenOf } from '../live/seen-progress.ts';
import { useLive, useNow } from '../live/use-live.ts';
import { adviceOf } from '../model/advice.ts';
import { canPause, endOf, isOver, isStopped } from '../model/progress.ts';
import { aheadOf } from '../model/run-list.ts';
import { targetOf } from '../model/run-name.ts';
import { hasCourse } from '../model/timeline.ts';
import { Audit } from '../parts/audit.tsx';
import { RunBadge } from '../parts/badge.tsx';
import { Copyable } from '../parts/copy.tsx';
import { Downloads, REPORTS } from '../parts/downloads.tsx';
import { Icon } from '../parts/icons.tsx';
import { Empty, FailureNotice, Loading, Notice } from '../parts/notice.tsx';
import { Waiting } from '../parts/run-table.tsx';
import { runTitle } from '../parts/run-title.ts';
import { Title } from '../parts/title.tsx';
import { usePage } from '../state/context.ts';
import { runHref, runsHref, type TransferFilter } from '../state/route.ts';
import { CancelDialog, PauseButton, RetryDialog } from './run/actions.tsx';
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
    const isMissing = live.failure?.kind === 'missing';
    return (
      <>
        <Title text={t(isMissing ? 'run.missing.title' : 'run.run')} back={back} />
        {isMissing && (
          <Empty title={t('run.missing.text', { id: runId })}>
            <p>
              <a class="button" href={runsHref()}>
                {t('unknown.back')}
              </a>
            </p>
          </Empty>
        )}
        {live.failure && !isMissing && (
          <FailureNotice failure={live.failure} onRetry={live.refresh} />
        )}
        {!live.failure && <Loading />}
      </>
    );
  }
  return (
    <>
      {live.failure && <FailureNotice failure={live.failure} stays onRetry={live.refresh} />}
      <Followed run={run} filter={filter} refresh={live.refresh} />
    </>
  );
}

function Followed(props: {
  readonly run: Run;
  readonly filter: TransferFilter;
  readonly refresh: () => void;
}) {
  const { t, format } = usePage();
  const { run, filter, refresh } = props;
  const { runId, counts, state } = run;
  const over = isOver(run);
  const tick = useNow(1_000);
  const now = endOf(run, tick);
  const [lookedAt, seen] = useMemo(() => {
    const at = Date.now();
    return [at, over ? seenOf(runId) : notice(run, at)] as const;
  }, [run]);
  const summary = useLive(`${runPath(runId)}/summary.json`, isSummary, () =>
    over ? undefined : 8_000,
  );
  const outcome = `${state} ${counts.failed > 0} ${over ? counts.failed : ''}`;
  useEffect(() => summary.refresh(), [outcome]);

  const [dialog, setDialog] = useState<'cancel' | { readonly retry: CauseClass | undefined }>();
  const [done, setDone] = useState<string>();
  const [failure, setFailure] = useState<Failure>();
  const groups = summary.value?.failures ?? [];
  // A run that stopped for another reason than its input goes on where it stood.
  const canResume = isStopped(run) && run.error?.class !== 'request';
  const canRetry = (groups.length > 0 || canResume) && state !== 'planning';
  const finish = (text: string) => {
    setDialog(undefined);
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
          <>
            {canRetry && (
              <button type="button" class="button" onClick={() => setDialog({ retry: undefined })}>
                <Icon name="retry" />
                {t(groups.length > 0 ? 'retry.open' : 'retry.openResume')}
              </button>
            )}
            {(canPause(run) || state === 'paused') && (
              <PauseButton
                run={run}
                onDone={(action) => finish(t(`${action}.done`))}
                onFailure={setFailure}
              />
            )}
            {!over && (
              <button type="button" class="button" onClick={() => setDialog('cancel')}>
                <Icon name="stop" />
                {t('cancel.open.button')}
              </button>
            )}
          </>
        }
      >
        <dl class="about">
          <div>
            <dt>{t('run.operation')}</dt>
            <dd>{t(`operation.${run.operation}`)}</dd>
          </div>
          {targetOf(run) && (
            <div>
              <dt>{t('run.target')}</dt>
              <dd>{targetOf(run)}</dd>
            </div>
          )}
          <div>
            <dt>{t('run.started')}</dt>
            <dd>
              <time dateTime={run.createdAt}>{format.instant(run.createdAt)}</time>
            </dd>
          </div>
          {run.closedAt !== null && (
            <div>
              <dt>{t('run.closed')}</dt>
              <dd>
                <time dateTime={run.closedAt}>{format.instant(run.closedAt)}</time>
              </dd>
            </div>
          )}
          <div>
            <dt>{t('run.id')}</dt>
            <dd>
              <Copyable text={runId} />
            </dd>
          </div>
        </dl>
      </Title>

      {done && <Notice tone="good" title={done} isNews />}
      {failure && <FailureNotice failure={failure} stays />}
      {state === 'paused' && <Notice tone="info" title={t('pause.text')} />}
      {run.error && <RunError run={run} />}
      {!over && counts.submitted + counts.submitting + run.progress.done === 0 && (
        <WaitsBehind run={run} />
      )}
      {run.handedTo !== undefined && (
        <Notice tone="info">
          <p>
            {t('run.handedTo')} <a href={runHref(run.handedTo)}>{run.handedTo}</a>
          </p>
        </Notice>
      )}

      {run.audit ? <Audit audit={run.audit} /> : <Headline run={run} seen={seen} now={now} />}
      {run.audit ? null : hasCourse(run) ? (
        <div class="grid">
          <Plots run={run} seen={seen} now={endOf(run, lookedAt)} />
          <Outcomes run={run} />
        </div>
      ) : (
        <div class="alone">
          <Outcomes run={run} />
        </div>
      )}
      {summary.failure && counts.failed > 0 && (
        <FailureNotice
          failure={summary.failure}
          stays={summary.value !== undefined}
          onRetry={summary.refresh}
        />
      )}
      {groups.length > 0 && (
        <Failures
          groups={groups}
          adviceOf={(group) => adviceOf(group, run, 'transfer')}
          hrefOf={(group) => runHref(runId, { state: 'failed', cause: group.class })}
          onRetry={canRetry ? (kind) => setDialog({ retry: kind }) : undefined}
        />
      )}
      {summary.value?.nightly && <Night nightly={summary.value.nightly} />}
      {counts.quarantined > 0 && <Rejected run={run} />}
      {summary.value && <Warnings counts={summary.value.warnings} />}
      {!run.audit && <Transfers run={run} filter={filter} />}
      <Downloads path={runPath(runId)} id={runId} names={reportsOf(run)} />

      {dialog === 'cancel' && (
        <CancelDialog
          run={run}
          onClose={() => setDialog(undefined)}
          onDone={() => finish(t('cancel.done'))}
        />
      )}
      {typeof dialog === 'object' && (
        <RetryDialog
          run={run}
          groups={groups}
          only={dialog.retry}
          onClose={() => setDialog(undefined)}
          onDone={(count) =>
            finish(count === 0 ? t('retry.resumed') : t('retry.done', { n: count }))
          }
        />
      )}
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
