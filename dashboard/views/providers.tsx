/** The view of the providers: the pace, throttling and credential failures. */
import { isHealth } from '../api/checks.ts';
import type { ProviderHealth } from '../api/types.ts';
import { useLive, useNow } from '../live/use-live.ts';
import { Badge } from '../parts/badge.tsx';
import { Card } from '../parts/card.tsx';
import { Facts, factOf } from '../parts/facts.tsx';
import { Empty, LiveFailure, Loading, Notice } from '../parts/notice.tsx';
import { Title } from '../parts/title.tsx';
import { usePage } from '../state/context.ts';
import { PaceCard } from './providers/pace.tsx';

const LOOK_MS = 5_000;

export function ProvidersView() {
  const { t } = usePage();
  const live = useLive('health/providers', isHealth, () => LOOK_MS);
  const providers = live.value?.providers;
  return (
    <>
      <Title text={t('providers.title')}>
        <p class="lead">{t('providers.text')}</p>
      </Title>
      <LiveFailure live={live} />
      {!providers && !live.failure && <Loading />}
      {providers && providers.length === 0 && (
        <Empty title={t('providers.none')}>
          <p>{t('providers.noneText')}</p>
        </Empty>
      )}
      <PaceCard />
      {providers?.map((health) => (
        <ApiCard key={health.api} health={health} />
      ))}
    </>
  );
}

const BADGES = {
  ok: ['good', 'check'],
  throttled: ['warn', 'clock'],
  refused: ['bad', 'cross'],
} as const;

function ApiCard({ health }: { readonly health: ProviderHealth }) {
  const { t, format } = usePage();
  const now = useNow(LOOK_MS);
  const { api, okAt, provider, refused, since, state, throttled } = health;
  const [tone, icon] = Object.hasOwn(BADGES, state) ? BADGES[state] : (['idle', 'dots'] as const);
  const trouble = state === 'refused' ? refused : state === 'throttled' ? throttled : undefined;
  return (
    <Card
      title={api}
      class="provider"
      aside={
        <Badge tone={tone} icon={icon}>
          {t(`providers.state.${state}`)}
        </Badge>
      }
    >
      {trouble && (
        <div class="pad">
          <Notice
            tone={state === 'refused' ? 'bad' : 'warn'}
            title={t(state === 'refused' ? 'providers.refused.do' : 'providers.throttled.do')}
          >
            <p lang="en">
              <code>{trouble.code}</code> {trouble.message}
            </p>
          </Notice>
        </div>
      )}
      <Facts
        class="details"
        facts={[
          [t('providers.provider'), t(`provider.${provider}`)],
          [t('providers.since'), format.instant(since)],
          ...factOf(t('providers.okAt'), okAt && format.ago(okAt, now)),
          ...factOf(t('providers.throttledAt'), throttled && format.instant(throttled.at)),
          ...factOf(t('providers.refusedAt'), refused && format.instant(refused.at)),
          ...factOf(t('providers.requestId'), trouble?.requestId),
        ]}
      />
    </Card>
  );
}
