/** The actions on a run: retry failures, pause, resume, cancel. */
import { useEffect, useState } from 'preact/hooks';
import type { Failure } from '../../api/failure.ts';
import { runPath } from '../../api/paths.ts';
import type { CauseClass, FailureGroup, Run } from '../../api/types.ts';
import { useAction } from '../../live/use-action.ts';
import { adviceOf } from '../../model/advice.ts';
import { isStopped, remainingOf } from '../../model/progress.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { Icon } from '../../parts/icons.tsx';
import { FailureNotice, Notice } from '../../parts/notice.tsx';
import { usePage } from '../../state/context.ts';

/** @param only the class that is asked for, when it is one */
export function RetryDialog(props: {
  readonly run: Run;
  readonly groups: readonly FailureGroup[];
  readonly only?: CauseClass | undefined;
  readonly onClose: () => void;
  readonly onDone: (count: number) => void;
}) {
  const { t, format } = usePage();
  const { groups, only, onClose, run } = props;
  const byClass = new Map<CauseClass, number>();
  for (const group of groups) {
    byClass.set(group.class, (byClass.get(group.class) ?? 0) + group.count);
  }
  const [chosen, setChosen] = useState<ReadonlySet<CauseClass>>(
    new Set(only ? [only] : [...byClass.keys()].filter((kind) => kind !== 'request')),
  );
  const count = [...chosen].reduce((sum, kind) => sum + (byClass.get(kind) ?? 0), 0);
  const { act, failure, isBusy } = useAction(runPath(run.runId), 'retry', () =>
    props.onDone(count),
  );
  const toggle = (kind: CauseClass) => {
    const next = new Set(chosen);
    if (!next.delete(kind)) next.add(kind);
    setChosen(next);
  };
  return (
    <Dialog title={t('retry.title')} onClose={onClose}>
      {groups.length === 0 && <p>{t('retry.resume')}</p>}
      <fieldset hidden={groups.length === 0}>
        <legend>{t('retry.which')}</legend>
        {[...byClass].map(([kind, size]) => (
          <label key={kind} class="check">
            <input type="checkbox" checked={chosen.has(kind)} onChange={() => toggle(kind)} />
            <span>
              {t(`class.${kind}`)} <span class="muted figures">({format.count(size)})</span>
              <span class="below">{t(adviceOf({ code: '', class: kind }, run, 'transfer'))}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {isStopped(run) && run.counts.unread !== 0 && <p>{t('retry.unread')}</p>}
      {chosen.has('request') && <Notice tone="warn" title={t('retry.request')} />}
      {failure && <FailureNotice failure={failure} />}
      {groups.length > 0 && (
        <p class="dialog-sum" role="status">
          {t('retry.count', { n: count })}
        </p>
      )}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          {t('action.back')}
        </button>
        <button
          type="button"
          class="button primary"
          disabled={isBusy || (groups.length > 0 && count === 0)}
          onClick={() => void act(groups.length > 0 ? { class: [...chosen] } : {})}
        >
          <Icon name="retry" />
          {groups.length > 0 ? t('retry.go', { n: count }) : t('retry.resumeGo')}
        </button>
      </div>
    </Dialog>
  );
}

export function CancelDialog(props: {
  readonly run: Run;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const { t } = usePage();
  const { run, onClose } = props;
  const { act, failure, isBusy } = useAction(runPath(run.runId), 'cancel', props.onDone);
  return (
    <Dialog title={t('cancel.title')} onClose={onClose}>
      <p>{t('cancel.open', { n: remainingOf(run) })}</p>
      <p>{t('cancel.text')}</p>
      {failure && <FailureNotice failure={failure} />}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          {t('cancel.keep')}
        </button>
        <button type="button" class="button danger" disabled={isBusy} onClick={() => void act({})}>
          <Icon name="stop" />
          {t('cancel.go')}
        </button>
      </div>
    </Dialog>
  );
}

/** Takes effect at once, as the other of the two undoes it. */
export function PauseButton(props: {
  readonly run: Run;
  readonly onDone: (action: 'pause' | 'resume') => void;
  readonly onFailure: (failure: Failure | undefined) => void;
}) {
  const { t } = usePage();
  const { run, onDone, onFailure } = props;
  const action = run.state === 'paused' ? 'resume' : 'pause';
  const { act, failure, isBusy } = useAction(runPath(run.runId), action, () => onDone(action));
  useEffect(() => onFailure(failure), [failure]);
  return (
    <button type="button" class="button" disabled={isBusy} onClick={() => void act({})}>
      <Icon name={action === 'pause' ? 'pause' : 'play'} />
      {t(`${action}.go`)}
    </button>
  );
}
