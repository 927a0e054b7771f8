/** Buttons that download reports of a run or a migration. */
import { useEffect, useState } from 'preact/hooks';
import { type Failure, toFailure } from '../api/failure.ts';
import { usePage } from '../state/context.ts';
import { hand } from './hand.ts';
import { Icon } from './icons.tsx';
import { FailureNotice } from './notice.tsx';

export const REPORTS = ['summary.json', 'failed.csv', 'rejected.csv'] as const;

/** Reports need the token, so they come by request and are handed to the browser as a file. */
export function Downloads(props: {
  /** Of the run or migration. */
  readonly path: string;
  readonly id: string;
  readonly names: readonly string[];
}) {
  const { t, client } = usePage();
  const { path, id, names } = props;
  const [failure, setFailure] = useState<Failure>();
  const [busy, setBusy] = useState<string>();
  useEffect(() => setFailure(undefined), [id]);
  const take = async (name: string) => {
    setBusy(name);
    setFailure(undefined);
    try {
      const text = await client.text(`${path}/${name}`);
      const type = name.endsWith('.json') ? 'application/json' : 'text/csv';
      hand(new Blob([text], { type }), `${id}-${name}`);
    } catch (error) {
      setFailure(toFailure(error));
    } finally {
      setBusy(undefined);
    }
  };
  return (
    <div class="downloads">
      <span class="muted">{t('downloads.title')}</span>
      {names.map((name) => (
        <button
          key={name}
          type="button"
          class="button small"
          disabled={busy === name}
          onClick={() => void take(name)}
          aria-label={t('downloads.take', { name })}
        >
          <Icon name="download" />
          {name}
        </button>
      ))}
      {failure && <FailureNotice failure={failure} />}
    </div>
  );
}
