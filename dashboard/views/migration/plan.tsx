/** The plan of a migration: the route and its reason, and every other route with time and cost. */
import { isListing } from '../../../shared/migrations/progress.ts';
import { isPlan } from '../../api/checks.ts';
import { migrationPath } from '../../api/paths.ts';
import type { Migration, MigrationPlan } from '../../api/types.ts';
import { useLive } from '../../live/use-live.ts';
import { Card } from '../../parts/card.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { usePage } from '../../state/context.ts';

type Route = MigrationPlan['routes'][number];

export function Plan({ migration }: { readonly migration: Migration }) {
  const { t } = usePage();
  const path = `${migrationPath(migration.migrationId)}/plan`;
  const plan = useLive(isListing(migration) ? undefined : path, isPlan).value;
  const columns = useColumns();
  if (!plan) return null;
  const possible = plan.routes.filter(isPossible);
  const impossible = plan.routes.filter((route) => !isPossible(route));
  return (
    <Card
      title={t('plan.title')}
      aside={<span class="chip">{t(`route.${plan.recommended.route ?? migration.route}`)}</span>}
    >
      <div class="pad">
        <p lang="en">{plan.recommended.reason}</p>
      </div>
      <Table
        label={t('plan.routes')}
        columns={columns}
        rows={possible}
        keyOf={({ route }) => route}
      />
      {impossible.length > 0 && (
        <ul class="impossible small muted pad">
          {impossible.map(({ route, unavailable }) => (
            <li key={route}>
              {t(`route.${route}`)}: <span lang="en">{unavailable?.message}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

const isPossible = ({ available }: Route): boolean => available;

function useColumns(): readonly Column<Route>[] {
  const { t, format } = usePage();
  return [
    {
      name: 'route',
      title: t('plan.route'),
      isHead: true,
      isWide: true,
      cell: ({ route }) => t(`route.${route}`),
    },
    {
      name: 'objects',
      title: t('migration.objects'),
      isNumber: true,
      cell: ({ objects }) => format.count(objects),
    },
    {
      name: 'time',
      title: t('plan.time'),
      isNumber: true,
      cell: ({ seconds }) => {
        const [from, to] = [format.duration(seconds.from), format.duration(seconds.to)];
        return from === to ? from : t('plan.between', { from, to });
      },
    },
    {
      name: 'cost',
      title: t('plan.cost'),
      isNumber: true,
      cell: ({ cost }) =>
        t(cost.isComplete ? 'plan.usd' : 'plan.usdAtLeast', {
          usd: cost.usd > 0 && cost.usd < 0.01 ? '0.01' : cost.usd.toFixed(2),
        }),
    },
  ];
}
