/** Who did what to a run or migration, as the audit log has it. */
import { isAuditLog } from '../api/checks.ts';
import { useLive } from '../live/use-live.ts';
import { usePage } from '../state/context.ts';
import { Card } from './card.tsx';
import { Instant } from './facts.tsx';

export function History({ id, isOver }: { readonly id: string; readonly isOver: boolean }) {
  const { t } = usePage();
  const path = `audit-log?limit=100&id=${encodeURIComponent(id)}`;
  const entries = useLive(path, isAuditLog, () => (isOver ? 60_000 : 4_000)).value?.entries ?? [];
  if (entries.length === 0) return null;
  return (
    <Card title={t('auditLog.title')}>
      <table class="plain">
        <caption class="visually-hidden">{t('auditLog.title')}</caption>
        <tbody>
          {entries.map(({ at, token, request, detail }) => (
            <tr key={`${at} ${request}`}>
              <th scope="row">
                <Instant at={at} />
              </th>
              <td>{token ?? <span class="muted">{t('auditLog.noName')}</span>}</td>
              <td>
                <code>{request.replaceAll(id, '…')}</code>{' '}
                {detail !== null && <code class="muted">{detail}</code>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
