/** The outcomes of all lines of a run; each row links to its transfers. */
import type { Run } from '../../api/types.ts';
import { hasLines, isOver, shownOutcomes, transfersIn } from '../../model/progress.ts';
import { TransferBadge } from '../../parts/badge.tsx';
import { Card } from '../../parts/card.tsx';
import { useUnread } from '../../parts/unread.ts';
import { usePage } from '../../state/context.ts';
import { runHref } from '../../state/route.ts';

export function Outcomes({ run }: { readonly run: Run }) {
  const { t, format } = usePage();
  const { counts, runId } = run;
  const unread = useUnread(run);
  const total = transfersIn(counts);
  const shown = shownOutcomes(counts);
  return (
    <Card title={t('outcomes.title')} class="outcomes">
      <table class="plain">
        <caption class="visually-hidden">{t('outcomes.title')}</caption>
        <tbody>
          {shown.map((state) => (
            <tr key={state}>
              <th scope="row">
                <a class="quiet" href={runHref(runId, { state })}>
                  <TransferBadge state={state} />
                </a>
              </th>
              <td class="number">{format.count(counts[state])}</td>
              <td class="number muted">{total === 0 ? '' : format.share(counts[state] / total)}</td>
            </tr>
          ))}
          <tr class="sum">
            <th scope="row">{t('outcomes.transfers')}</th>
            <td class="number">{format.count(total)}</td>
            <td />
          </tr>
          {hasLines(run) && (
            <>
              <tr>
                <th scope="row">{t('run.quarantined')}</th>
                <td class={counts.quarantined > 0 ? 'number warn-text' : 'number'}>
                  {format.count(counts.quarantined)}
                </td>
                <td />
              </tr>
              <tr>
                <th scope="row">{t('outcomes.lines')}</th>
                <td class="number">{format.count(counts.lines)}</td>
                <td />
              </tr>
            </>
          )}
          {unread !== '' && (
            <tr>
              <th scope="row">{t('run.unread')}</th>
              <td class={isOver(run) ? 'number warn-text' : 'number'}>{unread}</td>
              <td />
            </tr>
          )}
        </tbody>
      </table>
    </Card>
  );
}
