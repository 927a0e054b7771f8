/** The view of all migrations, newest first. */
import { useState } from 'preact/hooks';
import { isEnded } from '../../shared/migrations/progress.ts';
import { isMigrationPage } from '../api/checks.ts';
import { MIGRATION_STATES, type Migration, type MigrationPage } from '../api/types.ts';
import { useLive, useNow } from '../live/use-live.ts';
import { barOf } from '../model/migration.ts';
import { MigrationBadge } from '../parts/badge.tsx';
import { failedColumn, ProgressCell, startedColumn } from '../parts/columns.tsx';
import { FilterSelect } from '../parts/filter-select.tsx';
import { Icon } from '../parts/icons.tsx';
import { ButtonLink, Empty, LiveFailure, Loading } from '../parts/notice.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Title } from '../parts/title.tsx';
import { usePage } from '../state/context.ts';
import { migrationHref, migrationsHref } from '../state/route.ts';
import { useMayWrite } from '../state/session.ts';

const PAGE = 30;

const MOST = 100;

/** In ms. */
const paceOfPage = ({ migrations }: MigrationPage): number =>
  migrations.every(isEnded) ? 5_000 : 2_000;

export function MigrationsView({ state }: { readonly state: string | undefined }) {
  const { t } = usePage();
  const mayWrite = useMayWrite();
  const [limit, setLimit] = useState(PAGE);
  const query = new URLSearchParams({ limit: String(limit), ...(state && { state }) });
  const live = useLive(`migrations?${query}`, isMigrationPage, paceOfPage);
  const page = live.value ?? live.previous;
  const migrations = page?.migrations ?? [];
  return (
    <>
      <Title
        text={t('nav.migrations')}
        actions={
          (migrations.length > 0 || state !== undefined) && (
            <>
              <fieldset class="filters" aria-label={t('filter.label')}>
                <FilterSelect
                  label={t('filter.state')}
                  value={state}
                  options={MIGRATION_STATES.map((each) => [each, t(`migration.state.${each}`)])}
                  onChange={(chosen) => {
                    location.hash = migrationsHref(chosen);
                  }}
                />
              </fieldset>
              {mayWrite && (
                <a class="button primary" href="#/start/migration">
                  <Icon name="plus" />
                  {t('migration.new')}
                </a>
              )}
            </>
          )
        }
      />
      <LiveFailure live={live} />
      {!page && !live.failure && <Loading />}
      {page && migrations.length === 0 && <None isFiltered={state !== undefined} />}
      {migrations.length > 0 && <MigrationTable migrations={migrations} isBusy={!live.value} />}
      {page && page.nextCursor !== null && limit < MOST && (
        <p class="more">
          <button type="button" class="button" onClick={() => setLimit(MOST)}>
            {t('migrations.older')}
          </button>
        </p>
      )}
    </>
  );
}

function MigrationTable(props: {
  readonly migrations: readonly Migration[];
  readonly isBusy: boolean;
}) {
  const page = usePage();
  const { t } = page;
  const now = useNow(2_000);
  const columns: readonly Column<Migration>[] = [
    {
      name: 'run',
      title: t('migration.migration'),
      isHead: true,
      isWide: true,
      cell: ({ migrationId, name, source, list, target }) => (
        <>
          <a class="row-link" href={migrationHref(migrationId)}>
            {name}
          </a>
          <span class="below">
            {name === source ? '' : `${source ?? list?.key ?? ''} `}→ {target}
          </span>
        </>
      ),
    },
    {
      name: 'state',
      title: t('run.state'),
      cell: (migration) => <MigrationBadge migration={migration} />,
    },
    {
      name: 'progress',
      title: t('progress.label'),
      cell: (migration) => {
        const run = barOf(migration);
        return (
          <ProgressCell
            run={run}
            uncounted={t('migration.listed', { n: migration.counts.listed })}
            showsPercent={run.progress.total !== null}
          />
        );
      },
    },
    failedColumn(page),
    startedColumn(page, now),
  ];
  return (
    <div class="run-list">
      <Table
        label={t('nav.migrations')}
        columns={columns}
        rows={props.migrations}
        keyOf={({ migrationId }) => migrationId}
        isBusy={props.isBusy}
      />
    </div>
  );
}

function None({ isFiltered }: { readonly isFiltered: boolean }) {
  const { t } = usePage();
  const mayWrite = useMayWrite();
  if (isFiltered) {
    return (
      <Empty title={t('migrations.noneFits')}>
        <ButtonLink href={migrationsHref()} text={t('filter.clear')} />
      </Empty>
    );
  }
  return (
    <Empty title={t('migrations.empty.title')}>
      <p>{t('migrations.empty.text')}</p>
      {mayWrite && (
        <p>
          <a class="button primary" href="#/start/migration">
            <Icon name="plus" />
            {t('migration.new')}
          </a>
        </p>
      )}
      <p class="muted">{t('runs.empty.cli')}</p>
      <pre>
        <code>
          npx waybill migrate s3://media/photos/ cos://ap-shanghai/examplebucket-1250000000/photos/
        </code>
      </pre>
    </Empty>
  );
}
