/** What a person does with the task of a transfer at its provider: a job of Batch, a task or group of OMS. */
import { useState } from 'preact/hooks';
import { isAnything } from '../../api/checks.ts';
import type { Transfer } from '../../api/types.ts';
import { useRequest } from '../../live/use-action.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { Field } from '../../parts/field.tsx';
import { Icon, type IconName } from '../../parts/icons.tsx';
import { FailureNotice, Notice } from '../../parts/notice.tsx';
import { usePage } from '../../state/context.ts';
import { useMayWrite } from '../../state/session.ts';

type Action = 'confirm' | 'priority' | 'cancel' | 'stop' | 'delete';

interface Order {
  readonly action: Action;
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: object;
}

/** As the API takes them; none where the provider has nothing to change. */
function ordersOf({ progress, providerId, state, task }: Transfer): readonly Order[] {
  if (!task || (task.kind !== 'oms' && providerId === undefined)) return [];
  const { credentials, region } = task;
  const isOpen = state === 'submitted' || state === 'submitting';
  if (task.kind === 'batch') {
    const path = `batch-jobs/${encodeURIComponent(providerId ?? '')}`;
    const body = { region, ...(credentials !== undefined && { credentials }) };
    const waits = progress?.providerState === 'Suspended';
    const orders: readonly Order[] = [
      { action: 'confirm', method: 'POST', path: `${path}/confirm`, body },
      { action: 'priority', method: 'PUT', path: `${path}/priority`, body },
      { action: 'cancel', method: 'POST', path: `${path}/cancel`, body },
    ];
    return isOpen ? orders.filter(({ action }) => waits || action !== 'confirm') : [];
  }
  if (task.kind === 'oms' && task.version !== 'v2') return [];
  const [isGroup, id] =
    task.kind === 'oms'
      ? [task.groupId !== undefined, task.taskId ?? task.groupId ?? '']
      : [task.makes === 'group', providerId ?? ''];
  const path = `oms/v2/${isGroup ? 'taskgroups' : 'tasks'}/${encodeURIComponent(id)}`;
  const place = { region, projectId: task.projectId, credentials: task.credentials };
  return isOpen
    ? [{ action: 'stop', method: 'POST', path: `${path}/stop`, body: place }]
    : [{ action: 'delete', method: 'DELETE', path: `${path}?${new URLSearchParams(place)}` }];
}

const ICONS: Readonly<Record<Action, IconName>> = {
  confirm: 'play',
  priority: 'retry',
  cancel: 'stop',
  stop: 'pause',
  delete: 'cross',
};

/** Asked once more, or for a number. */
const ASKED: ReadonlySet<Action> = new Set(['priority', 'cancel', 'delete']);

export function TaskActions(props: { readonly transfer: Transfer; readonly onDone: () => void }) {
  const { client, t } = usePage();
  const [asked, setAsked] = useState<Order>();
  const [done, setDone] = useState<string>();
  const { request, failure, isBusy } = useRequest(async ({ action, body, method, path }: Order) => {
    setDone(undefined);
    await client.send(method, path, body, isAnything);
    setAsked(undefined);
    setDone(t(`task.${action}.done`));
    props.onDone();
  });
  const orders = ordersOf(props.transfer);
  if (!useMayWrite() || (orders.length === 0 && done === undefined)) return null;
  return (
    <>
      {done && <Notice tone="good" title={done} isNews />}
      {failure && !asked && <FailureNotice failure={failure} stays />}
      <div class="actions">
        {orders.map((order) => (
          <button
            key={order.action}
            type="button"
            class={order.action === 'confirm' ? 'button primary' : 'button'}
            disabled={isBusy}
            onClick={() => (ASKED.has(order.action) ? setAsked(order) : void request(order))}
          >
            <Icon name={ICONS[order.action]} />
            {t(`task.${order.action}.go`)}
          </button>
        ))}
      </div>
      {asked && (
        <TaskDialog
          order={asked}
          isBusy={isBusy}
          onClose={() => setAsked(undefined)}
          onSend={request}
        >
          {failure && <FailureNotice failure={failure} />}
        </TaskDialog>
      )}
    </>
  );
}

function TaskDialog(props: {
  readonly order: Order;
  readonly isBusy: boolean;
  readonly children: preact.ComponentChildren;
  readonly onClose: () => void;
  readonly onSend: (order: Order) => Promise<void>;
}) {
  const { t } = usePage();
  const { children, isBusy, onClose, onSend, order } = props;
  const [typed, setTyped] = useState('');
  const action = order.action as 'priority' | 'cancel' | 'delete';
  const isNumber = action === 'priority';
  const isWrong = isNumber && !/^\d{1,10}$/.test(typed);
  const whole = isNumber ? { ...order, body: { ...order.body, priority: Number(typed) } } : order;
  return (
    <Dialog title={t(`task.${action}.title`)} onClose={onClose}>
      {isNumber ? (
        <Field
          label={t('task.priority.field')}
          hint={t('task.priority.text')}
          value={typed}
          inputMode="numeric"
          onInput={setTyped}
        />
      ) : (
        <p>{t(`task.${action}.text`)}</p>
      )}
      {children}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          {t('action.back')}
        </button>
        <button
          type="button"
          class={isNumber ? 'button primary' : 'button danger'}
          disabled={isBusy || isWrong}
          onClick={() => void onSend(whole)}
        >
          {t(`task.${action}.yes`)}
        </button>
      </div>
    </Dialog>
  );
}
