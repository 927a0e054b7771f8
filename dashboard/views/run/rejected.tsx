/** The rejected lines of a run, each with its reason and its fix. */
import { useEffect, useState } from 'preact/hooks';
import { type Failure, toFailure } from '../../api/failure.ts';
import { runPath } from '../../api/paths.ts';
import type { Run } from '../../api/types.ts';
import { type Row, readCsv } from '../../model/csv.ts';
import { Card } from '../../parts/card.tsx';
import { FindingTable } from '../../parts/finding-table.tsx';
import { FailureNotice, Loading } from '../../parts/notice.tsx';
import { usePage } from '../../state/context.ts';

const SHOWN = 100;

export function Rejected({ run }: { readonly run: Run }) {
  const { t, client } = usePage();
  const [rows, setRows] = useState<readonly Row[]>();
  const [failure, setFailure] = useState<Failure>();
  const [tries, setTries] = useState(0);
  const { runId, counts, state } = run;
  useEffect(() => {
    const ended = new AbortController();
    setFailure(undefined);
    client
      .text(`${runPath(runId)}/rejected.csv`, ended.signal)
      .then((text) => setRows(readCsv(text, SHOWN).rows))
      .catch((error: unknown) => {
        if (!ended.signal.aborted) setFailure(toFailure(error));
      });
    return () => ended.abort();
  }, [client, runId, counts.quarantined, state, tries]);

  return (
    <Card
      title={t('rejected.title')}
      class="rejected"
      aside={<span class="muted figures">{t('rejected.count', { n: counts.quarantined })}</span>}
    >
      <p class="pad-x muted">{t('rejected.text')}</p>
      {failure && (
        <FailureNotice failure={failure} onRetry={() => setTries((before) => before + 1)} />
      )}
      {!rows && !failure && <Loading />}
      {rows && rows.length > 0 && (
        <FindingTable
          label={t('rejected.title')}
          findings={rows.map((row) => ({
            line: Number(row['line']),
            byteOffset: Number(row['byteOffset']),
            reason: row['reason'] ?? '',
            message: row['message'] ?? '',
            fix: row['fix'] || undefined,
            text: row['text'],
          }))}
        />
      )}
      {rows && counts.quarantined > rows.length && (
        <p class="pad-x muted small">
          {rows.length === 0
            ? t('rejected.later')
            : t('rejected.more', { shown: rows.length, n: counts.quarantined })}
        </p>
      )}
    </Card>
  );
}
