/** The objects of a migration by what became of them, and what was left out by reason. */
import type { Migration } from '../../api/types.ts';
import { shownOutcomes } from '../../model/progress.ts';
import { TransferBadge } from '../../parts/badge.tsx';
import { Card } from '../../parts/card.tsx';
import { usePage } from '../../state/context.ts';

export function Counts({ migration }: { readonly migration: Migration }) {
  const { t, format } = usePage();
  const { counts, excluded } = migration;
  const shown = shownOutcomes(counts);
  const others = [
    [t('run.quarantined'), counts.quarantined, counts.quarantined > 0 ? ' warn-text' : ''],
    [t('migration.excluded'), counts.excluded, ''],
  ] as const;
  return (
    <Card title={t('migration.objects')} class="outcomes">
      <table class="plain">
        <caption class="visually-hidden">{t('migration.objects')}</caption>
        <tbody>
          {shown.map((state) => (
            <tr key={state}>
              <th scope="row">
                <TransferBadge state={state} />
              </th>
              <td class="number">{format.count(counts[state])}</td>
            </tr>
          ))}
          {others.map(([name, value, tone]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class={`number${tone}`}>{format.count(value)}</td>
            </tr>
          ))}
          {excluded.map(({ reason, count }) => (
            <tr key={reason} class="part">
              <th scope="row">
                <code>{reason}</code>
              </th>
              <td class="number muted">{format.count(count)}</td>
            </tr>
          ))}
          <tr class="sum">
            <th scope="row">{t('migration.listedAll')}</th>
            <td class="number">{format.count(counts.listed)}</td>
          </tr>
        </tbody>
      </table>
    </Card>
  );
}
