/** Whether an application may use the target, and what the lists of the source found. */
import type { Migration } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { Card } from '../../parts/card.tsx';
import { usePage } from '../../state/context.ts';

export function Readiness({ migration }: { readonly migration: Migration }) {
  const { t } = usePage();
  const { verdict, reasons } = migration.readiness;
  return (
    <Card
      title={t('readiness.title')}
      aside={
        verdict === 'GO' ? (
          <Badge tone="good" icon="check">
            GO
          </Badge>
        ) : (
          <Badge tone="idle" icon="stop">
            NO-GO
          </Badge>
        )
      }
    >
      <div class="readiness pad">
        {verdict === 'GO' && <p>{t('readiness.go')}</p>}
        {reasons.length > 0 && (
          <ul lang="en">
            {reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        )}
      </div>
      <Rounds rounds={migration.rounds} />
    </Card>
  );
}

function Rounds({ rounds }: { readonly rounds: Migration['rounds'] }) {
  const { t, format } = usePage();
  const cell = (value: number | null | undefined) =>
    value === null || value === undefined ? '–' : format.count(value);
  return (
    <table class="plain rounds">
      <caption class="visually-hidden">{t('rounds.title')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('rounds.title')}</th>
          <th scope="col" class="number">
            {t('rounds.listed')}
          </th>
          <th scope="col" class="number">
            {t('rounds.new')}
          </th>
          <th scope="col" class="number">
            {t('rounds.changed')}
          </th>
          <th scope="col" class="number">
            {t('rounds.gone')}
          </th>
        </tr>
      </thead>
      <tbody>
        {rounds.map((round) => (
          <tr key={round.listRunId}>
            <th scope="row">
              <time dateTime={round.startedAt}>{format.instant(round.startedAt)}</time>
            </th>
            <td class="number">{cell(round.listed)}</td>
            <td class="number">{cell(round.new)}</td>
            <td class="number">{cell(round.changed)}</td>
            <td class="number">{cell(round.gone)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
