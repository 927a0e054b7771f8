/** The view of all runs, newest first: progress, speed, failures. */
import { useEffect, useState } from 'preact/hooks';
import { isRunPage } from '../api/checks.ts';
import { type Failure, toFailure } from '../api/failure.ts';
import { RUN_STATES, type Run, type RunPage } from '../api/types.ts';
import { looksOf, notice } from '../live/seen-progress.ts';
import { useLive, useNow } from '../live/use-live.ts';
import { isOver, paceOf, remainingOf } from '../model/progress.ts';
import { isFound } from '../model/run-list.ts';
import { Facts } from '../parts/facts.tsx';
import { FilterSelect } from '../parts/filter-select.tsx';
import { Icon } from '../parts/icons.tsx';
import { ButtonLink, Empty, FailureNotice, LiveFailure, Loading } from '../parts/notice.tsx';
import { RunTable } from '../parts/run-table.tsx';
import { Title } from '../parts/title.tsx';
import { usePage } from '../state/context.ts';
import { type RunFilter, runsHref } from '../state/route.ts';
import { useMayWrite } from '../state/session.ts';

const PAGE = 30;
const OPERATIONS = [
  'cos-offline-fetch',
  'cos-batch-job',
  'oms-v2-start-task',
  'oms-v1-start-task',
  'list-source',
  'audit-arrival',
  'retry-failed-objects',
] as const;

/** In ms. */
const paceOfPage = ({ runs }: RunPage): number => (runs.every(isOver) ? 5_000 : 2_000);

export function RunsView({ filter }: { readonly filter: RunFilter }) {
  const { t } = usePage();
  const { state, operation, search = '' } = filter;
  const query = new URLSearchParams({
    limit: String(PAGE),
    ...(state && { state }),
    ...(operation && { operation }),
  });
  const path = `runs?${query}`;
  const live = useLive(path, isRunPage, paceOfPage);
  const page = live.value ?? live.previous;
  const older = useOlder(path, live.value?.nextCursor ?? undefined);
  const read = [...(page?.runs ?? []), ...older.runs].filter(
    (run) => (!state || run.state === state) && (!operation || run.operation === operation),
  );
  const runs = read.filter((run) => isFound(run, search));
  const isFiltered = state !== undefined || operation !== undefined || search !== '';
  const hasMore = (live.value?.nextCursor || older.runs.length > 0) && older.hasMore;
  useEffect(() => {
    for (const run of live.value?.runs ?? []) if (!isOver(run)) notice(run, Date.now());
    if (live.value) performance.mark('waybill:runs');
  }, [live.value]);

  return (
    <>
      <Title
        text={t('nav.runs')}
        actions={page && (page.runs.length > 0 || isFiltered) && <Filters filter={filter} />}
      />
      <LiveFailure live={live} />
      {page && !search && runs.some((run) => !isOver(run)) && <Strip runs={runs} />}
      {!page && !live.failure && <Loading />}
      {page && runs.length === 0 && (isFiltered ? <NoneFits /> : <HowToStart />)}
      {runs.length > 0 && (
        <RunTable label={t('nav.runs')} runs={runs} all={read} isBusy={live.value === undefined} />
      )}
      {older.failure && <FailureNotice failure={older.failure} stays />}
      {hasMore && search !== '' && (
        <p class="more small muted">{t('runs.searched', { n: read.length })}</p>
      )}
      {hasMore && (
        <p class="more">
          <button type="button" class="button" onClick={older.load} disabled={older.isLoading}>
            {t(older.isLoading ? 'loading' : 'runs.older')}
          </button>
        </p>
      )}
    </>
  );
}

/** What is under way, in one line. */
function Strip({ runs }: { readonly runs: readonly Run[] }) {
  const { t, format } = usePage();
  const now = useNow(2_000);
  const active = runs.filter((run) => !isOver(run));
  const sum = (of: (run: Run) => number) => active.reduce((total, run) => total + of(run), 0);
  const open = format.count(sum(remainingOf));
  const perSecond = sum((run) => paceOf(run, looksOf(notice(run, now)), now).perSecond);
  const failed = sum(({ counts }) => counts.failed);
  const isEstimate = active.some(({ progress }) => progress.isEstimate);
  return (
    <Facts
      class="strip"
      facts={[
        [t('runs.strip.active'), format.count(active.length)],
        [t('runs.strip.open'), isEstimate ? t('run.unread.about', { n: open }) : open],
        [t('runs.strip.rate'), format.rate(perSecond)],
        [t('runs.strip.failed'), format.count(failed), failed > 0 ? 'bad' : ''],
      ]}
    />
  );
}

/** Finds while one types, without a step in the history for each letter. */
function takeSearch(filter: RunFilter, search: string): void {
  history.replaceState(null, '', runsHref({ ...filter, search }));
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

function Filters({ filter }: { readonly filter: RunFilter }) {
  const { t } = usePage();
  const go = (change: RunFilter) => {
    location.hash = runsHref({ ...filter, ...change });
  };
  return (
    <fieldset class="filters" aria-label={t('filter.label')}>
      <label class="name">
        {t('runs.search')}
        <input
          type="search"
          value={filter.search ?? ''}
          placeholder={t('runs.searchHint')}
          autocapitalize="off"
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => takeSearch(filter, currentTarget.value)}
        />
      </label>
      <FilterSelect
        label={t('filter.state')}
        value={filter.state}
        options={RUN_STATES.map((state) => [state, t(`run.state.${state}`)])}
        onChange={(state) => go({ state })}
      />
      <FilterSelect
        label={t('filter.operation')}
        value={filter.operation}
        options={OPERATIONS.map((operation) => [operation, t(`operation.${operation}`)])}
        onChange={(operation) => go({ operation })}
      />
    </fieldset>
  );
}

function NoneFits() {
  const { t } = usePage();
  return (
    <Empty title={t('runs.noneFits')}>
      <ButtonLink href={runsHref()} text={t('filter.clear')} />
    </Empty>
  );
}

function HowToStart() {
  const { t } = usePage();
  const mayWrite = useMayWrite();
  return (
    <Empty title={t('runs.empty.title')}>
      <p>{t('runs.empty.text')}</p>
      {mayWrite && (
        <p>
          <a class="button primary" href="#/start">
            <Icon name="plus" />
            {t('nav.start')}
          </a>
        </p>
      )}
      <p class="muted">{t('runs.empty.cli')}</p>
      <pre>
        <code>
          npx waybill submit manifest.csv --to ap-shanghai/examplebucket-1250000000 --watch
        </code>
      </pre>
    </Empty>
  );
}

/** Pages behind the first one, read when they are asked for; they end with another filter. */
function useOlder(path: string, first: string | undefined) {
  const { client } = usePage();
  const none = { path, runs: [] as readonly Run[], cursor: undefined as string | null | undefined };
  const [held, setHeld] = useState(none);
  const [failure, setFailure] = useState<Failure>();
  const [isLoading, setLoading] = useState(false);
  const now = held.path === path ? held : none;
  const cursor = now.cursor === undefined ? first : now.cursor;
  const load = async () => {
    if (!cursor) return;
    setLoading(true);
    setFailure(undefined);
    try {
      const page = await client.get(`${path}&cursor=${encodeURIComponent(cursor)}`, isRunPage);
      setHeld({ path, runs: [...now.runs, ...page.runs], cursor: page.nextCursor });
    } catch (error) {
      setFailure(toFailure(error));
    } finally {
      setLoading(false);
    }
  };
  return {
    runs: now.runs,
    hasMore: Boolean(cursor),
    failure,
    isLoading,
    load: () => void load(),
  };
}
