/** The actions on a run: retry failures, pause, resume, cancel. */
import { useEffect, useState } from 'preact/hooks';
import type { Failure } from '../../api/failure.ts';
import { runPath } from '../../api/paths.ts';
import type { CauseClass, FailureGroup, Run } from '../../api/types.ts';
import { useAction } from '../../live/use-action.ts';
import { adviceOf } from '../../model/advice.ts';
import { canPause, isOver, isStopped, remainingOf } from '../../model/progress.ts';
import { CancelDialog } from '../../parts/cancel-dialog.tsx';
import { Dialog as Modal } from '../../parts/dialog.tsx';
import { Icon } from '../../parts/icons.tsx';
import { FailureNotice, Notice } from '../../parts/notice.tsx';
import { usePage } from '../../state/context.ts';
import { useMayWrite } from '../../state/session.ts';

export type RunDialog = 'cancel' | { readonly retry: CauseClass | undefined };

export function Actions(props: {
  readonly run: Run;
  readonly canRetry: boolean;
  readonly hasFailures: boolean;
  readonly onOpen: (dialog: RunDialog) => void;
  readonly onDone: (text: string) => void;
  readonly onFailure: (failure: Failure | undefined) => void;
}) {
  const { t } = usePage();
  const { run, onOpen } = props;
  if (!useMayWrite()) return null;
  return (
    <>
      {props.canRetry && (
        <button type="button" class="button" onClick={() => onOpen({ retry: undefined })}>
          <Icon name="retry" />
          {t(props.hasFailures ? 'retry.open' : 'retry.openResume')}
        </button>
      )}
      {(canPause(run) || run.state === 'paused') && (
        <PauseButton
          run={run}
          onDone={(action) => props.onDone(t(`${action}.done`))}
          onFailure={props.onFailure}
        />
      )}
      {!isOver(run) && (
        <button type="button" class="button" onClick={() => onOpen('cancel')}>
          <Icon name="stop" />
          {t('cancel.open.button')}
        </button>
      )}
    </>
  );
}

/** The dialog of an action that asks first. */
export function Dialog(props: {
  readonly dialog: RunDialog | undefined;
  readonly run: Run;
  readonly groups: readonly FailureGroup[];
  readonly onClose: () => void;
  readonly onDone: (text: string) => void;
}) {
  const { t } = usePage();
  const { dialog, run, groups, onClose, onDone } = props;
  if (dialog === undefined) return null;
  if (dialog === 'cancel') {
    return (
      <CancelDialog
        path={runPath(run.runId)}
        title={t('cancel.title')}
        open={t('cancel.open', { n: remainingOf(run) })}
        go={t('cancel.go')}
        onClose={onClose}
        onDone={() => onDone(t('cancel.done'))}
      />
    );
  }
  return (
    <RetryDialog
      run={run}
      groups={groups}
      only={dialog.retry}
      onClose={onClose}
      onDone={(count) => onDone(count === 0 ? t('retry.resumed') : t('retry.done', { n: count }))}
    />
  );
}

/** @param only the class that is asked for, when it is one */
function RetryDialog(props: {
  readonly run: Run;
  readonly groups: readonly FailureGroup[];
  readonly only?: CauseClass | undefined;
  readonly onClose: () => void;
  readonly onDone: (count: number) => void;
}) {
  const { t } = usePage();
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
  return (
    <Modal title={t('retry.title')} onClose={onClose}>
      {groups.length === 0 && <p>{t('retry.resume')}</p>}
      <Classes run={run} byClass={byClass} chosen={chosen} onChange={setChosen} />
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
    </Modal>
  );
}

/** Which classes of failures to retry. */
function Classes(props: {
  readonly run: Run;
  readonly byClass: ReadonlyMap<CauseClass, number>;
  readonly chosen: ReadonlySet<CauseClass>;
  readonly onChange: (chosen: ReadonlySet<CauseClass>) => void;
}) {
  const { t, format } = usePage();
  const { run, byClass, chosen, onChange } = props;
  const toggle = (kind: CauseClass) => {
    const next = new Set(chosen);
    if (!next.delete(kind)) next.add(kind);
    onChange(next);
  };
  return (
    <fieldset hidden={byClass.size === 0}>
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
  );
}

/** Takes effect at once, as the other of the two undoes it. */
function PauseButton(props: {
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
