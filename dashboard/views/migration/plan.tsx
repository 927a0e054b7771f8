/** The plan of a migration: the route and its reason, and every other route with time and cost. */
import { isListing } from '../../../shared/migrations/progress.ts';
import { isPlan } from '../../api/checks.ts';
import { migrationPath } from '../../api/paths.ts';
import type { Migration, MigrationPlan } from '../../api/types.ts';
import { useLive } from '../../live/use-live.ts';
import { Card } from '../../parts/card.tsx';
import { usePage } from '../../state/context.ts';

export function Plan({ migration }: { readonly migration: Migration }) {
  const { t } = usePage();
  const path = `${migrationPath(migration.migrationId)}/plan`;
  const plan = useLive(isListing(migration) ? undefined : path, isPlan).value;
  if (!plan) return null;
  return (
    <Card
      title={t('plan.title')}
      aside={<span class="chip">{t(`route.${plan.recommended.route ?? migration.route}`)}</span>}
    >
      <div class="pad">
        <p lang="en">{plan.recommended.reason}</p>
      </div>
      <table class="plain">
        <caption class="visually-hidden">{t('plan.routes')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('plan.route')}</th>
            <th scope="col" class="number">
              {t('migration.objects')}
            </th>
            <th scope="col" class="number">
              {t('plan.time')}
            </th>
            <th scope="col" class="number">
              {t('plan.cost')}
            </th>
          </tr>
        </thead>
        <tbody>
          {plan.routes.map((route) => (
            <Route key={route.route} route={route} />
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Route({ route }: { readonly route: MigrationPlan['routes'][number] }) {
  const { t, format } = usePage();
  const { seconds, cost, objects, unavailable } = route;
  const isPossible = unavailable?.code !== 'IMPOSSIBLE';
  const dash = <span class="muted">–</span>;
  return (
    <tr>
      <th scope="row">
        {t(`route.${route.route}`)}
        {unavailable && (
          <span class="below" lang="en">
            {unavailable.message}
          </span>
        )}
      </th>
      <td class="number">{isPossible ? format.count(objects) : dash}</td>
      <td class="number">
        {isPossible
          ? t('plan.between', {
              from: format.duration(seconds.from),
              to: format.duration(seconds.to),
            })
          : dash}
      </td>
      <td class="number">
        {isPossible
          ? t(cost.isComplete ? 'plan.usd' : 'plan.usdAtLeast', { usd: cost.usd.toFixed(2) })
          : dash}
      </td>
    </tr>
  );
}
