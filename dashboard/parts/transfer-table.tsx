/** The table of transfers. */
import type { Transfer } from '../api/types.ts';
import { usePage } from '../state/context.ts';
import { transferHref } from '../state/route.ts';
import type { Translate } from '../text/types.ts';
import { TransferBadge } from './badge.tsx';
import { Instant } from './facts.tsx';
import { type Column, Table } from './table.tsx';

/** Its key, or what the provider calls the task. */
export function transferTitle(
  { key, task, operation, transferId }: Transfer,
  t: Translate,
): string {
  if (key !== undefined) return key;
  if (task?.kind === 'oms') {
    return (
      task.name ??
      t(task.taskId === undefined ? 'transfer.omsGroup' : 'transfer.omsTask', {
        id: task.taskId ?? task.groupId ?? '',
      })
    );
  }
  return task ? t(`operation.${operation}.one`) : transferId;
}

export function TransferTable(props: {
  readonly label: string;
  readonly transfers: readonly Transfer[];
  readonly isBusy?: boolean;
}) {
  const { t, format } = usePage();
  const columns: readonly Column<Transfer>[] = [
    {
      name: 'key',
      title: t('transfer.key'),
      isHead: true,
      isWide: true,
      cell: (transfer) => (
        <a class="row-link" href={transferHref(transfer.runId, transfer.transferId)}>
          {transferTitle(transfer, t)}
          {transfer.manifest && (
            <span class="below">{t(`transfer.manifest.${transfer.manifest}`)}</span>
          )}
        </a>
      ),
    },
    {
      name: 'state',
      title: t('transfer.state'),
      cell: ({ state }) => <TransferBadge state={state} />,
    },
    {
      name: 'cause',
      title: t('transfer.cause'),
      cell: ({ cause }) => <CauseCell cause={cause} />,
    },
    {
      name: 'attempt',
      title: t('transfer.attempt'),
      isNumber: true,
      cell: ({ attempt }) => format.count(attempt),
    },
    {
      name: 'updated',
      title: t('transfer.updated'),
      cell: ({ updatedAt }) => <Instant at={updatedAt} />,
    },
  ];
  return (
    <Table
      label={props.label}
      columns={columns}
      rows={props.transfers}
      keyOf={({ transferId }) => transferId}
      {...(props.isBusy && { isBusy: true })}
    />
  );
}

function CauseCell({ cause }: Pick<Transfer, 'cause'>) {
  const { t } = usePage();
  if (!cause) return <span class="muted">–</span>;
  return (
    <span title={cause.message}>
      <code>{cause.code}</code>
      <span class="below">{t(`class.${cause.class}`)}</span>
    </span>
  );
}
