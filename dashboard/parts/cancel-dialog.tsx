/** The dialog that cancels a run or a migration. */
import { useAction } from '../live/use-action.ts';
import { usePage } from '../state/context.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { FailureNotice } from './notice.tsx';

export function CancelDialog(props: {
  /** Of the run or migration. */
  readonly path: string;
  readonly title: string;
  /** How much of it is open. */
  readonly open: string;
  readonly go: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const { t } = usePage();
  const { act, failure, isBusy } = useAction(props.path, 'cancel', props.onDone);
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <p>{props.open}</p>
      <p>{t('cancel.text')}</p>
      {failure && <FailureNotice failure={failure} />}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={props.onClose}>
          {t('cancel.keep')}
        </button>
        <button type="button" class="button danger" disabled={isBusy} onClick={() => void act({})}>
          <Icon name="stop" />
          {props.go}
        </button>
      </div>
    </Dialog>
  );
}
