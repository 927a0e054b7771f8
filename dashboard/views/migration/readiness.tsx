/** Whether an application may use the target, and what the lists of the source found. */
import type { Migration } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { Card } from '../../parts/card.tsx';
import { Instant } from '../../parts/facts.tsx';
import { type Column, Table } from '../../parts/table.tsx';
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

type Round = Migration['rounds'][number];

function Rounds({ rounds }: { readonly rounds: readonly Round[] }) {
  const { t, format } = usePage();
  const figure = (name: 'listed' | 'new' | 'changed' | 'gone'): Column<Round> => ({
    name,
    title: t(`rounds.${name}`),
    isNumber: true,
    cell: ({ [name]: value }) =>
      value === null || value === undefined ? '–' : format.count(value),
  });
  return (
    <Table
      label={t('rounds.title')}
      columns={[
        {
          name: 'round',
          title: t('rounds.title'),
          isHead: true,
          isWide: true,
          cell: ({ startedAt }) => <Instant at={startedAt} />,
        },
        ...(['listed', 'new', 'changed', 'gone'] as const).map(figure),
      ]}
      rows={rounds}
      keyOf={({ listRunId }) => listRunId}
    />
  );
}
