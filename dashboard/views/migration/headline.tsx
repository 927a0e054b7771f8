/** The headline of a migration: progress, speed, and when it will finish. */
import { isEnded, isListing } from '../../../shared/migrations/progress.ts';
import type { Migration } from '../../api/types.ts';
import { looksOf } from '../../live/seen-progress.ts';
import { ageOf, barOf, paceOf } from '../../model/migration.ts';
import type { Point } from '../../model/timeline.ts';
import { Bar } from '../../parts/bar.tsx';
import { type Fact, Facts, factOf } from '../../parts/facts.tsx';
import { usePage } from '../../state/context.ts';

export function Headline(props: {
  readonly migration: Migration;
  readonly seen: readonly Point[];
  readonly now: number;
}) {
  const { migration, seen, now } = props;
  const { t, format } = usePage();
  const run = barOf(migration);
  const { done, total, percent } = run.progress;
  const { counts } = migration;
  const { perSecond, secondsLeft } = paceOf(migration, looksOf(seen), now);
  const over = isEnded(migration);
  const facts: readonly Fact[] = [
    ...factOf(
      t(over ? 'run.rateAverage' : 'run.rate'),
      perSecond === undefined ? undefined : format.rate(perSecond),
    ),
    ...factOf(t('run.left'), secondsLeft === undefined ? undefined : format.duration(secondsLeft)),
    [t(over ? 'run.took' : 'run.runningFor'), format.duration(ageOf(migration, now))],
    [t('run.failed'), format.count(counts.failed), counts.failed > 0 ? 'bad' : ''],
    [t('migration.bytes'), format.bytes(counts.bytes)],
  ];
  return (
    <section class="headline card pad" aria-label={t('progress.label')}>
      <div class="headline-row">
        <p class="headline-figure">
          {isListing(migration) ? (
            <>
              <strong>{format.count(counts.listed)}</strong> {t('migration.listedSoFar')}
            </>
          ) : (
            <>
              <strong>{format.count(done)}</strong> {t('migration.of', { total: total ?? 0 })}
            </>
          )}
        </p>
        {total !== null && <p class="headline-percent">{format.percent(percent / 100)}</p>}
      </div>
      <Bar run={run} large />
      <Facts class="facts" facts={facts} />
    </section>
  );
}
