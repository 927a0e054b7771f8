/**
 * The transfers of a run, a page at a time, filtered by state and cause, or searched by a part of
 * their key.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { isTransferPage } from '../../api/checks.ts';
import { transfersPath } from '../../api/paths.ts';
import { CAUSE_CLASSES, type Run, TRANSFER_STATES, type TransferState } from '../../api/types.ts';
import { useLive } from '../../live/use-live.ts';
import { isOver, transfersIn } from '../../model/progress.ts';
import { Card } from '../../parts/card.tsx';
import { FilterSelect } from '../../parts/filter-select.tsx';
import { Icon } from '../../parts/icons.tsx';
import { Empty, FailureNotice, Loading } from '../../parts/notice.tsx';
import { TransferTable } from '../../parts/transfer-table.tsx';
import { usePage } from '../../state/context.ts';
import { runHref, type TransferFilter } from '../../state/route.ts';
import { SearchResults } from './search-results.tsx';

const PAGE = 50;

export function Transfers({ run, filter }: { readonly run: Run; readonly filter: TransferFilter }) {
  const { t } = usePage();
  const go = (change: TransferFilter) => {
    // Each change of a filter need not be gone back through.
    history.replaceState(null, '', runHref(run.runId, { ...filter, ...change }));
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  };
  return (
    <Card title={t('transfers.title')} class="transfers">
      <fieldset class="filters pad-x" aria-label={t('filter.label')}>
        <SearchField
          text={filter.search ?? ''}
          onSearch={(search) => go({ search: search.trim() })}
        />
        <FilterSelect
          label={t('filter.state')}
          value={filter.state}
          options={TRANSFER_STATES.map((state) => [
            state,
            t('filter.counted', { name: t(`transfer.state.${state}`), n: run.counts[state] }),
          ])}
          onChange={(state) => go({ state })}
        />
        <FilterSelect
          label={t('filter.cause')}
          value={filter.cause}
          options={CAUSE_CLASSES.map((kind) => [kind, t(`class.${kind}`)])}
          onChange={(cause) => go({ cause })}
        />
        {(filter.state || filter.cause || filter.search) && (
          <button
            type="button"
            class="button small"
            onClick={() => go({ state: '', cause: '', search: '' })}
          >
            {t('filter.clear')}
          </button>
        )}
      </fieldset>
      {filter.search ? (
        <SearchResults
          key={JSON.stringify(filter)}
          run={run}
          filter={filter}
          text={filter.search}
        />
      ) : (
        <Pages key={JSON.stringify(filter)} run={run} filter={filter} />
      )}
    </Card>
  );
}

function SearchField(props: { readonly text: string; readonly onSearch: (text: string) => void }) {
  const { t } = usePage();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current && input.current.value !== props.text) input.current.value = props.text;
  }, [props.text]);
  return (
    <search class="search">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          props.onSearch(input.current?.value ?? '');
        }}
      >
        <label>
          {t('transfers.search')}
          <span class="field-row">
            <input
              ref={input}
              type="search"
              defaultValue={props.text}
              placeholder={t('transfers.searchHint')}
              autocapitalize="off"
              spellcheck={false}
            />
            <button type="submit" class="button" aria-label={t('transfers.searchGo')}>
              <Icon name="search" />
            </button>
          </span>
        </label>
      </form>
    </search>
  );
}

function Pages({ run, filter }: { readonly run: Run; readonly filter: TransferFilter }) {
  const { t } = usePage();
  // Where each page began, so that one can go back.
  const [cursors, setCursors] = useState<readonly (string | undefined)[]>([undefined]);
  const path = transfersPath(run.runId, filter, PAGE, cursors.at(-1));
  const live = useLive(path, isTransferPage, () => (isOver(run) ? undefined : 4_000));
  const page = live.value ?? live.previous;
  const { refresh } = live;
  const { runId: _runId, ...rest } = run;
  const outcome = isOver(run) ? JSON.stringify(rest.counts) : run.state;
  const before = useRef(outcome);
  useEffect(() => {
    if (before.current === outcome) return;
    before.current = outcome;
    refresh();
  }, [outcome, refresh]);
  useEffect(() => {
    if (live.value) performance.mark('waybill:transfers');
  }, [live.value]);

  // Of the rows that are shown, which may still be those of the page before.
  const from = useRef(0);
  if (live.value) from.current = (cursors.length - 1) * PAGE;
  const first = from.current;
  const shown = page?.transfers.length ?? 0;
  const total = totalOf(run, filter);
  return (
    <>
      {live.failure && (
        <FailureNotice failure={live.failure} stays={page !== undefined} onRetry={live.refresh} />
      )}
      {!page && !live.failure && <Loading />}
      {page && shown === 0 && <Empty title={t(emptyText(run, filter))} />}
      {page && shown > 0 && (
        <>
          <TransferTable
            label={t('transfers.title')}
            transfers={page.transfers}
            isBusy={live.value === undefined}
          />
          <Pager
            isFirst={cursors.length === 1}
            hasNext={Boolean(live.value?.nextCursor)}
            range={t(total === undefined ? 'pager.range' : 'pager.rangeOf', {
              from: first + 1,
              to: first + shown,
              total: total ?? '',
            })}
            onFirst={() => setCursors([undefined])}
            onPrevious={() => setCursors(cursors.slice(0, -1))}
            onNext={() => setCursors([...cursors, live.value?.nextCursor ?? undefined])}
          />
        </>
      )}
    </>
  );
}

function Pager(props: {
  readonly isFirst: boolean;
  readonly hasNext: boolean;
  readonly range: string;
  readonly onFirst: () => void;
  readonly onPrevious: () => void;
  readonly onNext: () => void;
}) {
  const { t } = usePage();
  return (
    <nav class="pager" aria-label={t('pager.label')}>
      <button type="button" class="button small" disabled={props.isFirst} onClick={props.onFirst}>
        {t('pager.first')}
      </button>
      <button
        type="button"
        class="button small"
        disabled={props.isFirst}
        onClick={props.onPrevious}
      >
        <Icon name="back" />
        {t('pager.previous')}
      </button>
      <p class="figures" role="status">
        {props.range}
      </p>
      <button type="button" class="button small" disabled={!props.hasNext} onClick={props.onNext}>
        {t('pager.next')}
        <Icon name="next" />
      </button>
    </nav>
  );
}

/** Known where the counts of the run tell it. */
function totalOf({ counts }: Run, { state, cause }: TransferFilter): number | undefined {
  if (cause) return undefined;
  return state ? counts[state as TransferState] : transfersIn(counts);
}

const emptyText = (run: Run, filter: TransferFilter) =>
  filter.state || filter.cause
    ? 'transfers.noneFits'
    : isOver(run)
      ? 'transfers.none'
      : 'transfers.noneYet';
