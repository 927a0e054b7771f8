/** The headline of a run: progress, speed, and when it will finish. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Run } from '../../api/types.ts';
import { looksOf } from '../../live/seen-progress.ts';
import { ageOf, hasLines, isOver, paceOf } from '../../model/progress.ts';
import type { Point } from '../../model/timeline.ts';
import { Bar } from '../../parts/bar.tsx';
import { Facts, factOf } from '../../parts/facts.tsx';
import { useUnread } from '../../parts/unread.ts';
import { usePage } from '../../state/context.ts';

export function Headline(props: {
  readonly run: Run;
  readonly seen: readonly Point[];
  readonly now: number;
}) {
  const { run, seen, now } = props;
  const { t, format } = usePage();
  const { done, total, percent, isEstimate } = run.progress;
  const { perSecond, secondsLeft } = paceOf(run, looksOf(seen), now);
  const over = isOver(run);
  const unread = useUnread(run);
  const { failed, quarantined } = run.counts;
  const left = over
    ? undefined
    : secondsLeft === undefined
      ? t('run.leftUnknown')
      : format.duration(secondsLeft);
  return (
    <section class="headline card pad" aria-label={t('progress.label')}>
      <div class="headline-row">
        <p class="headline-figure">
          <strong>{format.count(done)}</strong>{' '}
          {total === null
            ? t('progress.ofUnknown')
            : t(isEstimate ? 'progress.ofAbout' : 'progress.of', { total })}
        </p>
        {total !== 0 && <p class="headline-percent">{format.percent(percent / 100)}</p>}
      </div>
      <Bar run={run} large />
      <Facts
        class="facts"
        facts={[
          [
            t(over ? 'run.rateAverage' : 'run.rate'),
            over && done === 0 ? '–' : format.rate(perSecond),
          ],
          ...factOf(t('run.left'), left),
          [t(over ? 'run.took' : 'run.runningFor'), format.duration(ageOf(run, now))],
          [t('run.failed'), format.count(failed), failed > 0 ? 'bad' : ''],
          ...factOf(
            t('run.quarantined'),
            hasLines(run) ? format.count(quarantined) : undefined,
            quarantined > 0 ? 'warn' : '',
          ),
          ...factOf(t('run.unread'), over && unread !== '' ? unread : undefined, 'warn'),
        ]}
      />
      <Announcement run={run} />
    </section>
  );
}

/** For screen readers: every tenth of the way, and the end; not every figure. */
function Announcement({ run }: { readonly run: Run }) {
  const { t, format } = usePage();
  const { done, total, percent } = run.progress;
  const step = `${run.state} ${Math.floor(percent / 10)}`;
  const before = useRef(step);
  const [text, setText] = useState('');
  useEffect(() => {
    if (before.current === step) return;
    before.current = step;
    const state = t(`run.state.${run.state}`);
    const counts = total === null ? format.count(done) : t('progress.ofTotal', { done, total });
    setText(`${state}: ${counts}, ${format.percent(percent / 100)}`);
  }, [step]);
  return (
    <p class="visually-hidden" role="status">
      {text}
    </p>
  );
}
