/** Badges of states: an icon and a word, never colour alone. */

import { isWaiting } from '../../shared/migrations/progress.ts';
import type { Migration, MigrationState, Run, RunState, TransferState } from '../api/types.ts';
import { doneOf } from '../model/progress.ts';
import { usePage } from '../state/context.ts';
import { Icon, type IconName } from './icons.tsx';

type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'idle';

const RUNS: Readonly<Record<RunState, readonly [Tone, IconName]>> = {
  planning: ['busy', 'dots'],
  active: ['busy', 'play'],
  paused: ['warn', 'pause'],
  completed: ['good', 'check'],
  failed: ['bad', 'cross'],
  cancelled: ['idle', 'stop'],
};

const MIGRATIONS: Readonly<Record<MigrationState, readonly [Tone, IconName]>> = {
  listing: ['busy', 'search'],
  planned: ['busy', 'dots'],
  pilot: ['busy', 'play'],
  moving: ['busy', 'play'],
  auditing: ['busy', 'search'],
  completed: ['good', 'check'],
  paused: ['warn', 'pause'],
  cancelled: ['idle', 'stop'],
  failed: ['bad', 'cross'],
};

const TRANSFERS: Readonly<Record<TransferState, readonly [Tone, IconName]>> = {
  planned: ['idle', 'dots'],
  submitting: ['busy', 'up'],
  submitted: ['busy', 'clock'],
  succeeded: ['good', 'check'],
  failed: ['bad', 'cross'],
  cancelled: ['idle', 'stop'],
};

/** Of a state that a newer service has. */
const UNKNOWN: readonly [Tone, IconName] = ['idle', 'dots'];

export const Badge = (props: {
  readonly tone: Tone;
  readonly icon: IconName;
  readonly children: string;
}) => (
  <span class={`badge ${props.tone}`}>
    <Icon name={props.icon} />
    {props.children}
  </span>
);

export function RunBadge({ run }: { readonly run: Pick<Run, 'state' | 'counts'> }) {
  const { t } = usePage();
  const { state, counts } = run;
  const [tone, icon] = Object.hasOwn(RUNS, state) ? RUNS[state] : UNKNOWN;
  const sentNothing = counts.quarantined > 0 && doneOf(run) === 0;
  if (state === 'completed' && (counts.failed > 0 || sentNothing)) {
    return (
      <Badge tone="warn" icon="warn">
        {t(sentNothing ? 'run.state.completedNothing' : 'run.state.completedWithFailures')}
      </Badge>
    );
  }
  return (
    <Badge tone={tone} icon={icon}>
      {t(`run.state.${state}`)}
    </Badge>
  );
}

export function MigrationBadge({ migration }: { readonly migration: Migration }) {
  const { t } = usePage();
  const { state, counts } = migration;
  const [tone, icon] = Object.hasOwn(MIGRATIONS, state) ? MIGRATIONS[state] : UNKNOWN;
  if (isWaiting(migration)) {
    return (
      <Badge tone="warn" icon="pause">
        {t('migration.state.waiting')}
      </Badge>
    );
  }
  if (state === 'completed' && counts.failed + counts.quarantined > 0) {
    return (
      <Badge tone="warn" icon="warn">
        {t('run.state.completedWithFailures')}
      </Badge>
    );
  }
  return (
    <Badge tone={tone} icon={icon}>
      {t(`migration.state.${state}`)}
    </Badge>
  );
}

export function TransferBadge({ state }: { readonly state: TransferState }) {
  const { t } = usePage();
  const [tone, icon] = Object.hasOwn(TRANSFERS, state) ? TRANSFERS[state] : UNKNOWN;
  return (
    <Badge tone={tone} icon={icon}>
      {t(`transfer.state.${state}`)}
    </Badge>
  );
}
