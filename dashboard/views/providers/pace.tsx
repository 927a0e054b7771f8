/** The pace of what is sent: which one holds now, until when, and a field to change it. */
import { useState } from 'preact/hooks';
import { isPace } from '../../api/checks.ts';
import { useRequest } from '../../live/use-action.ts';
import { useLive } from '../../live/use-live.ts';
import { Card } from '../../parts/card.tsx';
import { Field } from '../../parts/field.tsx';
import { FailureNotice } from '../../parts/notice.tsx';
import { usePage } from '../../state/context.ts';
import { useMayWrite } from '../../state/session.ts';

const EXAMPLE = 'Asia/Shanghai 22:00-06:00 400/s, 50/s';

export function PaceCard() {
  const { client, format, t } = usePage();
  const live = useLive('pace', isPace, () => 5_000);
  const [typed, setTyped] = useState<string>();
  const { request, failure, isBusy } = useRequest(async (wanted: string | null) => {
    await client.put('pace', { pace: wanted }, isPace);
    setTyped(undefined);
    live.refresh();
  });
  const mayWrite = useMayWrite();
  const found = live.value;
  if (!found) return null;
  const { pace, configured, perSecond, until } = found;
  const submit = (event: Event) => {
    event.preventDefault();
    void request(typed ?? pace ?? '');
  };
  return (
    <Card title={t('pace.title')}>
      <form class="pad fields" onSubmit={submit}>
        <p>
          {perSecond === null && t('pace.none')}
          {perSecond === 0 && t('pace.closed')}
          {perSecond !== null && perSecond > 0 && t('pace.now', { n: format.count(perSecond) })}
          {until !== null && ` ${t('pace.until', { at: format.instant(until) })}`}
        </p>
        {mayWrite && (
          <>
            <Field
              label={t('pace.field')}
              hint={t('pace.hint', { example: EXAMPLE })}
              value={typed ?? pace ?? ''}
              placeholder={EXAMPLE}
              onInput={setTyped}
            />
            {failure && <FailureNotice failure={failure} />}
            <div class="send">
              <button type="submit" class="button" disabled={isBusy || typed === undefined}>
                {t('pace.set')}
              </button>
              {pace !== configured && (
                <button
                  type="button"
                  class="button"
                  disabled={isBusy}
                  onClick={() => void request(null)}
                >
                  {configured === null ? t('pace.remove') : t('pace.reset', { pace: configured })}
                </button>
              )}
            </div>
          </>
        )}
      </form>
    </Card>
  );
}
