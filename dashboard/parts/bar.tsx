/** The progress bar of a run or a migration: succeeded, failed and the rest. */
import type { Barred } from '../model/progress.ts';
import { usePage } from '../state/context.ts';

export function Bar({ run, large = false }: { readonly run: Barred; readonly large?: boolean }) {
  const { t, format } = usePage();
  const { done, total, percent } = run.progress;
  const { succeeded, failed, cancelled } = run.counts;
  const share = (value: number) => ({ width: `${total ? (100 * value) / total : 0}%` });
  const text = total === null ? format.count(done) : t('progress.ofTotal', { done, total });
  return (
    <div
      class={large ? 'bar large' : 'bar'}
      role="progressbar"
      aria-label={t('progress.label')}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={`${text}, ${format.percent(percent / 100)}`}
    >
      <span class="good" style={share(succeeded)} />
      <span class="bad" style={share(failed)} />
      <span class="idle" style={share(cancelled)} />
    </div>
  );
}
