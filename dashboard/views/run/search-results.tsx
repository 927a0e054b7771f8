/** Transfers found by a part of their key, shown while the search goes on. */
import { useEffect, useState } from 'preact/hooks';
import { isTransferPage } from '../../api/checks.ts';
import { type Failure, toFailure } from '../../api/failure.ts';
import { transfersPath } from '../../api/paths.ts';
import type { Run } from '../../api/types.ts';
import { transfersIn } from '../../model/progress.ts';
import { type SearchProgress, search } from '../../model/search.ts';
import { Empty, FailureNotice } from '../../parts/notice.tsx';
import { TransferTable } from '../../parts/transfer-table.tsx';
import { usePage } from '../../state/context.ts';
import type { TransferFilter } from '../../state/route.ts';

export function SearchResults(props: {
  readonly run: Run;
  readonly filter: TransferFilter;
  readonly text: string;
}) {
  const { t } = usePage();
  const { run, filter, text } = props;
  const { progress, failure, isLooking, stop, retry } = useSearch(run.runId, filter, text);
  const total = transfersIn(run.counts);
  const { found, looked } = progress;
  return (
    <>
      <div class="pad-x search-line">
        <p role="status">
          {isLooking
            ? t('search.looking', { looked, total, found: found.length })
            : t(progress.state === 'full' ? 'search.full' : 'search.done', {
                looked,
                found: found.length,
              })}
        </p>
        {isLooking && (
          <button type="button" class="button small" onClick={stop}>
            {t('search.stop')}
          </button>
        )}
      </div>
      {failure && <FailureNotice failure={failure} stays onRetry={retry} />}
      {found.length > 0 && <TransferTable label={t('search.label')} transfers={found} />}
      {!isLooking && !failure && found.length === 0 && <Empty title={t('search.none')} />}
    </>
  );
}

function useSearch(runId: string, filter: TransferFilter, text: string) {
  const { client } = usePage();
  const [progress, setProgress] = useState<SearchProgress>({
    found: [],
    looked: 0,
    state: 'looking',
  });
  const [failure, setFailure] = useState<Failure>();
  const [stopped, setStopped] = useState(false);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (stopped) return undefined;
    const ended = new AbortController();
    setFailure(undefined);
    search({
      text,
      signal: ended.signal,
      tell: setProgress,
      read: (cursor) =>
        client.get(transfersPath(runId, filter, 1_000, cursor), isTransferPage, {
          signal: ended.signal,
          keeps: false,
        }),
    }).catch((error: unknown) => {
      if (!ended.signal.aborted) setFailure(toFailure(error));
    });
    return () => ended.abort();
  }, [client, runId, text, stopped, tries]);
  return {
    progress,
    failure,
    isLooking: progress.state === 'looking' && !stopped && !failure,
    stop: () => setStopped(true),
    retry: () => setTries((before) => before + 1),
  };
}
