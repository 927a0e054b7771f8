/** The view of nightly passes: when the next one begins, and what each retried. */
import { useEffect } from 'preact/hooks';
import { isRunPage, isTimetable } from '../api/checks.ts';
import { useRequest } from '../live/use-action.ts';
import { useLive } from '../live/use-live.ts';
import { isOver } from '../model/progress.ts';
import { Empty, FailureNotice, LiveFailure, Loading, Notice } from '../parts/notice.tsx';
import { RunTable } from '../parts/run-table.tsx';
import { Title } from '../parts/title.tsx';
import { usePage } from '../state/context.ts';
import { useMayWrite } from '../state/session.ts';

export function NightlyView() {
  const { client, format, t } = usePage();
  const timetable = useLive('nightly', isTimetable, ({ requestedAt }) =>
    requestedAt ? 2_000 : 60_000,
  );
  const live = useLive('runs?operation=retry-failed-objects&limit=50', isRunPage, ({ runs }) =>
    runs.every(isOver) ? 60_000 : 2_000,
  );
  const mayWrite = useMayWrite();
  const passes = live.value?.runs.filter(({ operation }) => operation === 'retry-failed-objects');
  const next = timetable.value?.nextAt;
  const isRequested = Boolean(timetable.value?.requestedAt);
  // The pass that was requested has begun.
  useEffect(() => live.refresh(), [isRequested]);
  const { request, failure, isBusy } = useRequest(async () => {
    await client.post('nightly', undefined, isTimetable);
    timetable.refresh();
  });
  return (
    <>
      <Title
        text={t('nightly.title')}
        actions={
          mayWrite && (
            <button
              type="button"
              class="button"
              disabled={isBusy || isRequested}
              onClick={() => void request(undefined)}
            >
              {t('nightly.start')}
            </button>
          )
        }
      >
        <p class="lead">{t('nightly.text')}</p>
        {next && (
          <p>
            {t('nightly.next', {
              at: format.instant(next),
              zone: timetable.value?.timeZone ?? 'UTC',
            })}
          </p>
        )}
      </Title>
      {isRequested && <Notice tone="info" title={t('nightly.requested')} isNews />}
      {failure && <FailureNotice failure={failure} stays />}
      <LiveFailure live={live} />
      {!passes && !live.failure && <Loading />}
      {passes && passes.length === 0 && (
        <Empty title={t('nightly.none')}>
          <p>{t('nightly.when')}</p>
        </Empty>
      )}
      {passes && passes.length > 0 && <RunTable label={t('nightly.title')} runs={passes} />}
    </>
  );
}
