/** What a person does with a migration: start, pause, resume, retry, catch up, audit, cancel. */
import { useEffect, useState } from 'preact/hooks';
import { canRetry, isEnded, isWaiting, openOf } from '../../../shared/migrations/progress.ts';
import type { Failure } from '../../api/failure.ts';
import { migrationPath } from '../../api/paths.ts';
import type { Migration } from '../../api/types.ts';
import { useAction } from '../../live/use-action.ts';
import { CancelDialog } from '../../parts/cancel-dialog.tsx';
import { Icon, type IconName } from '../../parts/icons.tsx';
import { usePage } from '../../state/context.ts';
import { useMayWrite } from '../../state/session.ts';

type Action = 'start' | 'pause' | 'resume' | 'retry' | 'catch-up' | 'audit';

const ACTIONS: readonly (readonly [Action, IconName, (migration: Migration) => boolean])[] = [
  ['start', 'play', isWaiting],
  ['resume', 'play', ({ state }) => state === 'paused'],
  ['retry', 'retry', canRetry],
  ['catch-up', 'retry', ({ state }) => state === 'completed'],
  ['audit', 'search', ({ state }) => state === 'completed'],
  ['pause', 'pause', (migration) => !isEnded(migration) && migration.state !== 'paused'],
];

export function Actions(props: {
  readonly migration: Migration;
  readonly onDone: (text: string) => void;
  readonly onFailure: (failure: Failure | undefined) => void;
}) {
  const { t } = usePage();
  const { migration, onDone, onFailure } = props;
  const [isCancelling, setCancelling] = useState(false);
  if (!useMayWrite()) return null;
  return (
    <>
      {ACTIONS.filter(([, , isOffered]) => isOffered(migration)).map(([action, icon]) => (
        <ActionButton
          key={action}
          action={action}
          icon={icon}
          migration={migration}
          onDone={() => onDone(t(`migration.${action}.done`))}
          onFailure={onFailure}
        />
      ))}
      {!isEnded(migration) && (
        <button type="button" class="button" onClick={() => setCancelling(true)}>
          <Icon name="stop" />
          {t('cancel.open.button')}
        </button>
      )}
      {isCancelling && (
        <CancelDialog
          path={migrationPath(migration.migrationId)}
          title={t('migration.cancel.title')}
          open={t('migration.cancel.open', { n: openOf(migration) })}
          go={t('migration.cancel.go')}
          onClose={() => setCancelling(false)}
          onDone={() => {
            setCancelling(false);
            onDone(t('migration.cancel.done'));
          }}
        />
      )}
    </>
  );
}

function ActionButton(props: {
  readonly action: Action;
  readonly icon: IconName;
  readonly migration: Migration;
  readonly onDone: () => void;
  readonly onFailure: (failure: Failure | undefined) => void;
}) {
  const { t } = usePage();
  const { action, icon, migration, onDone, onFailure } = props;
  const path = migrationPath(migration.migrationId);
  const { act, failure, isBusy } = useAction(path, action, onDone);
  useEffect(() => {
    if (failure) onFailure(failure);
  }, [failure]);
  return (
    <button
      type="button"
      class={action === 'start' || action === 'resume' ? 'button primary' : 'button'}
      disabled={isBusy}
      onClick={() => void act({})}
    >
      <Icon name={icon} />
      {t(`migration.${action}.go`)}
    </button>
  );
}
