/** The view of nightly passes: what each retried. */
import { isRunPage } from '../api/checks.ts';
import { useLive } from '../live/use-live.ts';
import { isOver } from '../model/progress.ts';
import { Empty, FailureNotice, Loading } from '../parts/notice.tsx';
import { RunTable } from '../parts/run-table.tsx';
import { Title } from '../parts/title.tsx';
import { usePage } from '../state/context.ts';

export function NightlyView() {
  const { t } = usePage();
  const live = useLive('runs?operation=retry-failed-objects&limit=50', isRunPage, ({ runs }) =>
    runs.every(isOver) ? 60_000 : 2_000,
  );
  const passes = live.value?.runs.filter(({ operation }) => operation === 'retry-failed-objects');
  return (
    <>
      <Title text={t('nightly.title')}>
        <p class="lead">{t('nightly.text')}</p>
      </Title>
      {live.failure && (
        <FailureNotice failure={live.failure} stays={passes !== undefined} onRetry={live.refresh} />
      )}
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
