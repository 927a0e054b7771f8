/** The phases of a migration, and where it is. */
import { PHASES, phaseOf } from '../../../shared/migrations/progress.ts';
import type { Migration } from '../../api/types.ts';
import { Icon } from '../../parts/icons.tsx';
import { usePage } from '../../state/context.ts';

export function Phases({ migration }: { readonly migration: Migration }) {
  const { t } = usePage();
  const phase = phaseOf(migration);
  if (phase === undefined) return null;
  const at = PHASES.indexOf(phase);
  const isDone = (index: number) => index < at || phase === 'completed';
  return (
    <ol class="phases card" aria-label={t('migration.phases')}>
      {PHASES.map((each, index) => (
        <li
          key={each}
          class={isDone(index) ? 'done' : index === at ? 'now' : ''}
          {...(index === at && { 'aria-current': 'step' as const })}
        >
          <span class="phase-mark">{isDone(index) ? <Icon name="check" /> : index + 1}</span>
          {t(`migration.state.${each}`)}
          {isDone(index) && <span class="visually-hidden">{t('migration.phaseDone')}</span>}
        </li>
      ))}
    </ol>
  );
}
