/** The view of one migration, polled until it ends. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { isEnded, isWaiting } from '../../shared/migrations/progress.ts';
import { isMigration, isMigrationSummary, isRunPage } from '../api/checks.ts';
import type { Failure } from '../api/failure.ts';
import { migrationPath } from '../api/paths.ts';
import type { Migration } from '../api/types.ts';
import { notice, seenOf } from '../live/seen-progress.ts';
import { useLive, useNow } from '../live/use-live.ts';
import { adviceOf } from '../model/advice.ts';
import { Audit } from '../parts/audit.tsx';
import { MigrationBadge } from '../parts/badge.tsx';
import { Copyable } from '../parts/copy.tsx';
import { Downloads, REPORTS } from '../parts/downloads.tsx';
import { Empty, FailureNotice, Loading, Notice } from '../parts/notice.tsx';
import { RunTable } from '../parts/run-table.tsx';
import { Title } from '../parts/title.tsx';
import { usePage } from '../state/context.ts';
import { migrationsHref } from '../state/route.ts';
import { Actions } from './migration/actions.tsx';
import { Counts } from './migration/counts.tsx';
import { Headline } from './migration/headline.tsx';
import { Phases } from './migration/phases.tsx';
import { Plan } from './migration/plan.tsx';
import { Readiness } from './migration/readiness.tsx';
import { Failures } from './run/failures.tsx';

export function MigrationView({ migrationId }: { readonly migrationId: string }) {
  const { t } = usePage();
  // One that ended can still be retried, catch up, or be retried at night.
  const live = useLive(migrationPath(migrationId), isMigration, (migration) =>
    isEnded(migration) ? 10_000 : 1_500,
  );
  const back = { href: migrationsHref(), text: t('nav.migrations') };
  if (!live.value) {
    const isMissing = live.failure?.kind === 'missing';
    return (
      <>
        <Title
          text={t(isMissing ? 'migration.missing.title' : 'migration.migration')}
          back={back}
        />
        {isMissing && (
          <Empty title={t('migration.missing.text', { id: migrationId })}>
            <p>
              <a class="button" href={migrationsHref()}>
                {t('migration.back')}
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
      <Followed migration={live.value} refresh={live.refresh} />
    </>
  );
}

function Followed(props: { readonly migration: Migration; readonly refresh: () => void }) {
  const { t } = usePage();
  const { migration, refresh } = props;
  const { migrationId, name, counts, state, error } = migration;
  const path = migrationPath(migrationId);
  const isOver = isEnded(migration);
  const tick = useNow(1_000);
  const seen = useMemo(
    () => (isOver ? seenOf(migrationId) : notice({ runId: migrationId, counts }, Date.now())),
    [migration],
  );
  const runs = useLive(`runs?limit=20&migration=${migrationId}`, isRunPage, () =>
    isOver ? undefined : 3_000,
  );
  const summary = useLive(
    counts.failed > 0 ? `${path}/summary.json` : undefined,
    isMigrationSummary,
    () => (isOver ? undefined : 8_000),
  );
  useEffect(() => {
    runs.refresh();
    summary.refresh();
  }, [`${state} ${migration.runs.length} ${isOver ? counts.failed : ''}`]);
  const [done, setDone] = useState<string>();
  const [failure, setFailure] = useState<Failure>();
  const groups = counts.failed > 0 ? (summary.value?.failures ?? []) : [];

  return (
    <>
      <Title
        text={name}
        badge={<MigrationBadge migration={migration} />}
        back={{ href: migrationsHref(), text: t('nav.migrations') }}
        actions={
          <Actions
            migration={migration}
            onDone={(text) => {
              setDone(text);
              setFailure(undefined);
              refresh();
            }}
            onFailure={setFailure}
          />
        }
      >
        <About migration={migration} />
      </Title>

      <Phases migration={migration} />
      {done && <Notice tone="good" title={done} isNews />}
      {failure && <FailureNotice failure={failure} stays />}
      {isWaiting(migration) && <Notice tone="info" title={t('migration.waiting')} />}
      {state === 'paused' && !error && <Notice tone="info" title={t('migration.paused')} />}
      {error && (
        <Notice
          tone={state === 'completed' ? 'warn' : 'bad'}
          title={t(`migration.error.${titleOf(state)}`)}
        >
          <p lang="en">{error.message}</p>
          <p class="small muted">
            <code>{error.code}</code>
          </p>
        </Notice>
      )}

      <Headline migration={migration} seen={seen} now={tick} />
      <div class="grid even">
        <Counts migration={migration} />
        <Readiness migration={migration} />
      </div>
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
          adviceOf={(group) => adviceOf(group, { operation: 'cos-offline-fetch' }, 'transfer')}
          onRetry={undefined}
        />
      )}
      {migration.audit && <Audit audit={migration.audit} />}
      <Plan migration={migration} />
      {runs.value && runs.value.runs.length > 0 && (
        <section class="runs-of">
          <h2>{t('migration.runs')}</h2>
          <RunTable
            label={t('migration.runs')}
            runs={runs.value.runs}
            titleOf={({ runId }) => t(`role.${migration.roles[runId] ?? 'move'}`)}
          />
        </section>
      )}
      <Downloads path={path} id={migrationId} names={reportsOf(migration)} />
    </>
  );
}

/** An audit that is whole has its own. */
const reportsOf = ({ audit, rounds }: Migration): readonly string[] => [
  ...REPORTS,
  ...(rounds.length > 1 ? ['gone.csv'] : []),
  ...(audit?.isWhole ? ['missing.csv', 'different.csv', 'certificate.json'] : []),
];

const titleOf = (state: Migration['state']): 'failed' | 'stopped' | 'catchUp' =>
  state === 'failed' ? 'failed' : state === 'paused' ? 'stopped' : 'catchUp';

function About({ migration }: { readonly migration: Migration }) {
  const { t, format } = usePage();
  const { migrationId, source, list, target, createdAt, closedAt, options } = migration;
  const rows = [
    ...(source === null ? [] : [[t('migration.source'), source]]),
    ...(list ? [[t('migration.list'), list.key]] : []),
    [t('run.target'), target],
    ...(options.schedule ? [[t('migration.schedule'), options.schedule]] : []),
  ];
  const instants = [
    [t('run.started'), createdAt],
    ...(closedAt === null ? [] : [[t('run.closed'), closedAt]]),
  ];
  return (
    <dl class="about">
      {rows.map(([title = '', text]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>{text}</dd>
        </div>
      ))}
      {instants.map(([title = '', at = '']) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>
            <time dateTime={at}>{format.instant(at)}</time>
          </dd>
        </div>
      ))}
      <div>
        <dt>{t('migration.id')}</dt>
        <dd>
          <Copyable text={migrationId} />
        </dd>
      </div>
    </dl>
  );
}
