/** What the latest audit of a migration found at the target. */
import type { Migration } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { usePage } from '../../state/context.ts';

const VERDICTS = ['proved', 'plausible', 'undecided', 'different', 'missing', 'extra'] as const;

const isBad = (verdict: (typeof VERDICTS)[number]): boolean =>
  verdict === 'undecided' || verdict === 'different' || verdict === 'missing';

export function Audit({ audit }: { readonly audit: NonNullable<Migration['audit']> }) {
  const { t, format } = usePage();
  return (
    <Card
      title={t('audit.title')}
      aside={audit.isWhole ? undefined : <span class="muted">{t('audit.underWay')}</span>}
    >
      <table class="plain">
        <caption class="visually-hidden">{t('audit.title')}</caption>
        <tbody>
          {VERDICTS.map((verdict) => (
            <tr key={verdict}>
              <th scope="row">{t(`audit.${verdict}`)}</th>
              <td class={isBad(verdict) && audit[verdict] > 0 ? 'number bad-text' : 'number'}>
                {format.count(audit[verdict])}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
