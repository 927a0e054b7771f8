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
import { Absent } from '../parts/absent.tsx';
import { Audit } from '../parts/audit.tsx';
import { MigrationBadge } from '../parts/badge.tsx';
import { Copyable } from '../parts/copy.tsx';
import { Downloads, REPORTS } from '../parts/downloads.tsx';
import { Facts, factOf, Instant } from '../parts/facts.tsx';
import { History } from '../parts/history.tsx';
import { ButtonLink, FailureNotice, LiveFailure, Notice } from '../parts/notice.tsx';
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
    return (
      <Absent
        live={live}
        title={t('migration.migration')}
        missingTitle={t('migration.missing.title')}
        missing={t('migration.missing.text', { id: migrationId })}
        back={back}
      >
        <ButtonLink href={migrationsHref()} text={t('migration.back')} />
      </Absent>
    );
  }
  return (
    <>
      <LiveFailure live={live} />
      <Followed migration={live.value} refresh={live.refresh} />
    </>
  );
}

interface FollowedProps {
  readonly migration: Migration;
  readonly refresh: () => void;
}

function Followed(props: FollowedProps) {
  const { migration, refresh } = props;
  const { migrationId, counts, state } = migration;
  const path = migrationPath(migrationId);
  const isOver = isEnded(migration);
  const tick = useNow(1_000);
  const seen = useMemo(
    () => (isOver ? seenOf(migrationId) : notice({ runId: migrationId, counts }, Date.now())),
    [migration],
  );
  const summary = useLive(
    counts.failed > 0 ? `${path}/summary.json` : undefined,
    isMigrationSummary,
    () => (isOver ? undefined : 8_000),
  );
  useEffect(
    () => summary.refresh(),
    [`${state} ${migration.runs.length} ${isOver ? counts.failed : ''}`],
  );
  const groups = counts.failed > 0 ? (summary.value?.failures ?? []) : [];

  return (
    <>
      <Head migration={migration} refresh={refresh} />
      <StateNotices migration={migration} />

      <Headline migration={migration} seen={seen} now={tick} />
      <div class="grid even">
        <Counts migration={migration} />
        <Readiness migration={migration} />
      </div>
      {counts.failed > 0 && <LiveFailure live={summary} />}
      {groups.length > 0 && (
        <Failures
          groups={groups}
          adviceOf={(group) => adviceOf(group, { operation: 'cos-offline-fetch' }, 'transfer')}
          onRetry={undefined}
        />
      )}
      {migration.audit && <Audit audit={migration.audit} />}
      <Plan migration={migration} />
      <Runs migration={migration} />
      <History id={migrationId} isOver={isOver} />
      <Downloads path={path} id={migrationId} names={reportsOf(migration)} />
    </>
  );
}

/** The heading with its actions, the phases, and what came of the last action. */
function Head({ migration, refresh }: FollowedProps) {
  const { t } = usePage();
  const [done, setDone] = useState<string>();
  const [failure, setFailure] = useState<Failure>();
  const finish = (text: string) => {
    setDone(text);
    setFailure(undefined);
    refresh();
  };
  return (
    <>
      <Title
        text={migration.name}
        badge={<MigrationBadge migration={migration} />}
        back={{ href: migrationsHref(), text: t('nav.migrations') }}
        actions={<Actions migration={migration} onDone={finish} onFailure={setFailure} />}
      >
        <About migration={migration} />
      </Title>
      <Phases migration={migration} />
      {done && <Notice tone="good" title={done} isNews />}
      {failure && <FailureNotice failure={failure} stays />}
    </>
  );
}

function StateNotices({ migration }: { readonly migration: Migration }) {
  const { t } = usePage();
  const { state, error } = migration;
  return (
    <>
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
    </>
  );
}

function Runs({ migration }: { readonly migration: Migration }) {
  const { t } = usePage();
  const { migrationId, state, counts, roles } = migration;
  const isOver = isEnded(migration);
  const live = useLive(`runs?limit=20&migration=${migrationId}`, isRunPage, () =>
    isOver ? undefined : 3_000,
  );
  useEffect(
    () => live.refresh(),
    [`${state} ${migration.runs.length} ${isOver ? counts.failed : ''}`],
  );
  const runs = live.value?.runs ?? [];
  if (runs.length === 0) return null;
  return (
    <section class="runs-of">
      <h2>{t('migration.runs')}</h2>
      <RunTable
        label={t('migration.runs')}
        runs={runs}
        titleOf={({ runId }) => t(`role.${roles[runId] ?? 'move'}`)}
      />
    </section>
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
  const { t } = usePage();
  const { migrationId, source, list, target, createdAt, closedAt, options } = migration;
  return (
    <Facts
      class="about"
      facts={[
        ...factOf(t('migration.source'), source),
        ...factOf(t('migration.list'), list?.key),
        [t('run.target'), target],
        ...factOf(t('migration.schedule'), options.schedule),
        [t('run.started'), <Instant at={createdAt} />],
        ...factOf(t('run.closed'), closedAt && <Instant at={closedAt} />),
        [t('migration.id'), <Copyable text={migrationId} />],
      ]}
    />
  );
}
