/** Badges of states: an icon and a word, never colour alone. */
import type { Run, RunState, TransferState } from '../api/types.ts';
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

export function TransferBadge({ state }: { readonly state: TransferState }) {
  const { t } = usePage();
  const [tone, icon] = Object.hasOwn(TRANSFERS, state) ? TRANSFERS[state] : UNKNOWN;
  return (
    <Badge tone={tone} icon={icon}>
      {t(`transfer.state.${state}`)}
    </Badge>
  );
}
