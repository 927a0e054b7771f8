/** The view of the providers: the pace, throttling and credential failures. */
import { isHealth } from '../api/checks.ts';
import type { ProviderHealth } from '../api/types.ts';
import { useLive, useNow } from '../live/use-live.ts';
import { Badge } from '../parts/badge.tsx';
import { Card } from '../parts/card.tsx';
import { Empty, FailureNotice, Loading, Notice } from '../parts/notice.tsx';
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
      {live.failure && (
        <FailureNotice
          failure={live.failure}
          stays={providers !== undefined}
          onRetry={live.refresh}
        />
      )}
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
      <dl class="details">
        <Row name={t('providers.provider')}>{t(`provider.${provider}`)}</Row>
        <Row name={t('providers.since')}>{format.instant(since)}</Row>
        {okAt && <Row name={t('providers.okAt')}>{format.ago(okAt, now)}</Row>}
        {throttled && <Row name={t('providers.throttledAt')}>{format.instant(throttled.at)}</Row>}
        {refused && <Row name={t('providers.refusedAt')}>{format.instant(refused.at)}</Row>}
        {trouble?.requestId && <Row name={t('providers.requestId')}>{trouble.requestId}</Row>}
      </dl>
    </Card>
  );
}

const Row = ({ children, name }: { readonly name: string; readonly children: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
