/** What an audit found at the target: a bar of verdicts, the sentence of it, and the numbers. */
import type { Audit as AuditCounts } from '../api/types.ts';
import { usePage } from '../state/context.ts';
import { Bar } from './bar.tsx';
import { Card } from './card.tsx';

const VERDICTS = ['proved', 'plausible', 'undecided', 'different', 'missing', 'extra'] as const;

const isBad = (verdict: (typeof VERDICTS)[number]): boolean =>
  verdict === 'undecided' || verdict === 'different' || verdict === 'missing';

export function Audit({ audit }: { readonly audit: AuditCounts }) {
  const { t, format } = usePage();
  const { objects, proved, plausible, undecided, different, missing } = audit;
  const bad = undecided + different + missing;
  const done = proved + plausible + bad;
  // Only what is complete is 100.
  const percent = objects === 0 ? 0 : Math.floor((100 * done) / objects);
  const counts = { succeeded: proved, failed: bad, cancelled: plausible };
  return (
    <Card
      title={t('audit.title')}
      aside={audit.isWhole ? undefined : <span class="muted">{t('audit.underWay')}</span>}
    >
      <div class="pad">
        <Bar run={{ counts, progress: { done, total: objects, percent } }} large />
        <p>{t('audit.sentence', { proved, plausible, different, missing, n: objects })}</p>
      </div>
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
