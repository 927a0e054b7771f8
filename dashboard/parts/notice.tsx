/** Notices: failures in plain words, each with what to do; also the empty and loading states. */
import type { ComponentChildren } from 'preact';
import type { Failure } from '../api/failure.ts';
import type { Live } from '../live/use-live.ts';
import { usePage } from '../state/context.ts';
import { Icon, type IconName } from './icons.tsx';

type Tone = 'bad' | 'warn' | 'good' | 'info';
const ICONS: Readonly<Record<Tone, IconName>> = {
  bad: 'cross',
  warn: 'warn',
  good: 'check',
  info: 'dots',
};

export const Notice = (props: {
  readonly tone: Tone;
  readonly title?: ComponentChildren;
  readonly children?: ComponentChildren;
  /** Read out when it appears. */
  readonly isNews?: boolean;
}) => (
  <div class={`notice ${props.tone}`} {...(props.isNews && { role: 'alert' })}>
    <Icon name={ICONS[props.tone]} />
    <div>
      {props.title && <p class="notice-title">{props.title}</p>}
      {props.children}
    </div>
  </div>
);

/** @param stays something older is still shown below it */
export function FailureNotice(props: {
  readonly failure: Failure;
  readonly stays?: boolean;
  readonly onRetry?: () => void;
}) {
  const { t } = usePage();
  const { failure, onRetry, stays } = props;
  const { code, detail, errors = [], retryAfterMs, status } = failure.details;
  return (
    <Notice tone={stays ? 'warn' : 'bad'} title={t(`failure.${failure.kind}.title`)} isNews>
      <p>
        {t(`failure.${failure.kind}.advice`)}
        {stays && ` ${t('failure.stays')}`}
        {retryAfterMs !== undefined &&
          ` ${t('failure.retryAfter', { n: Math.ceil(retryAfterMs / 1_000) })}`}
      </p>
      {(detail || errors.length > 0) && (
        <ul class="said">
          {detail && <li lang="en">{detail}</li>}
          {errors.map(({ path, message }) => (
            <li key={path} lang="en">
              <code>{path}</code>: {message}
            </li>
          ))}
        </ul>
      )}
      {(status !== undefined || code !== undefined) && (
        <p class="small muted">
          {t('failure.answer')} <code>{[status, code].filter(Boolean).join(' ')}</code>
        </p>
      )}
      {onRetry && (
        <p>
          <button type="button" class="button small" onClick={onRetry}>
            <Icon name="retry" />
            {t('action.tryAgain')}
          </button>
        </p>
      )}
    </Notice>
  );
}

export function Loading({ label }: { readonly label?: string }) {
  const { t } = usePage();
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {label ?? t('loading')}
    </p>
  );
}

/** The failure of a poll, over what an earlier one found. */
export const LiveFailure = ({ live }: { readonly live: Live<unknown> }) =>
  live.failure && (
    <FailureNotice
      failure={live.failure}
      stays={(live.value ?? live.previous) !== undefined}
      onRetry={live.refresh}
    />
  );

/** A way on from a page that is empty. */
export const ButtonLink = ({ href, text }: { readonly href: string; readonly text: string }) => (
  <p>
    <a class="button" href={href}>
      {text}
    </a>
  </p>
);

export const Empty = (props: { readonly title: string; readonly children?: ComponentChildren }) => (
  <div class="empty">
    <p class="empty-title">{props.title}</p>
    {props.children}
  </div>
);
