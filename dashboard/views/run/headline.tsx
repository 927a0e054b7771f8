/** The headline of a run: progress, speed, and when it will finish. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Run } from '../../api/types.ts';
import { looksOf } from '../../live/seen-progress.ts';
import { ageOf, hasLines, isOver, paceOf } from '../../model/progress.ts';
import type { Point } from '../../model/timeline.ts';
import { Bar } from '../../parts/bar.tsx';
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
      <dl class="facts">
        <Fact
          name={t(over ? 'run.rateAverage' : 'run.rate')}
          value={over && done === 0 ? '–' : format.rate(perSecond)}
        />
        {left !== undefined && <Fact name={t('run.left')} value={left} />}
        <Fact
          name={t(over ? 'run.took' : 'run.runningFor')}
          value={format.duration(ageOf(run, now))}
        />
        <Fact name={t('run.failed')} value={format.count(failed)} tone={failed > 0 ? 'bad' : ''} />
        {hasLines(run) && (
          <Fact
            name={t('run.quarantined')}
            value={format.count(quarantined)}
            tone={quarantined > 0 ? 'warn' : ''}
          />
        )}
        {over && unread !== '' && <Fact name={t('run.unread')} value={unread} tone="warn" />}
      </dl>
      <Announcement run={run} />
    </section>
  );
}

const Fact = (props: { readonly name: string; readonly value: string; readonly tone?: string }) => (
  <div>
    <dt>{props.name}</dt>
    <dd class={props.tone ? `${props.tone}-text` : ''}>{props.value}</dd>
  </div>
);

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
