/** The warnings about lines that were sent as they are. */
import type { RunSummary } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { reasonTitle } from '../../parts/reason-title.ts';
import { usePage } from '../../state/context.ts';

export function Warnings({ counts }: { readonly counts: RunSummary['warnings'] }) {
  const { t, format } = usePage();
  const rows = Object.entries(counts).filter(([, count]) => count > 0);
  if (rows.length === 0) return null;
  return (
    <Card title={t('warnings.title')} class="warnings">
      <p class="pad-x muted">{t('warnings.text')}</p>
      <table class="plain">
        <tbody>
          {rows.map(([reason, count]) => (
            <tr key={reason}>
              <th scope="row">{reasonTitle(reason, t)}</th>
              <td class="number">{format.count(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
