/** Failures by cause: how many, what it means, what to do, and the provider's page. */
import type { FailureGroup } from '../../api/types.ts';
import { isExplained, pageOf } from '../../model/causes.ts';
import { Card } from '../../parts/card.tsx';
import { Icon } from '../../parts/icons.tsx';
import { usePage } from '../../state/context.ts';
import type { TextKey } from '../../text/types.ts';

interface FailuresProps {
  readonly groups: readonly FailureGroup[];
  readonly adviceOf: (group: FailureGroup) => TextKey;
  /** To the transfers of a group, where there is a list of them. */
  readonly hrefOf?: (group: FailureGroup) => string;
  /** Asks whether those of a class shall be tried again; undefined where that can't be done. */
  readonly onRetry: ((kind: FailureGroup['class']) => void) | undefined;
}

export function Failures(props: FailuresProps) {
  const { t } = usePage();
  const { groups } = props;
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  return (
    <Card
      title={t('failures.title')}
      class="failures"
      aside={<span class="muted figures">{t('failures.count', { n: total })}</span>}
    >
      <ul class="groups">
        {groups.map((group) => (
          <Group
            {...props}
            key={`${group.provider} ${group.code} ${group.class}`}
            group={group}
            share={total === 0 ? 0 : group.count / total}
          />
        ))}
      </ul>
    </Card>
  );
}

function Group(
  props: Omit<FailuresProps, 'groups'> & { readonly group: FailureGroup; readonly share: number },
) {
  const { t, format } = usePage();
  const { adviceOf, group, hrefOf, onRetry, share } = props;
  return (
    <li>
      <div class="group-count">
        <strong>{format.count(group.count)}</strong>
        <span class="small muted">{format.share(share)}</span>
      </div>
      <div class="group-words">
        <h3>
          <code>{group.code}</code>{' '}
          <span class="chip">
            {t(`provider.${group.provider}`)} · {t(`class.${group.class}`)}
          </span>
        </h3>
        <p>
          <strong>{t('failures.means')}</strong>{' '}
          {isExplained(group.code) ? t(`code.${group.code}`) : t(`class.${group.class}.means`)}
        </p>
        <p>
          <strong>{t('failures.do')}</strong> {t(adviceOf(group))}
        </p>
        {group.message && (
          <p class="small muted said-by" lang="en">
            {group.message}
          </p>
        )}
        <p class="links">
          {hrefOf && <a href={hrefOf(group)}>{t('failures.show')}</a>}
          <DocumentationLink group={group} />
          {onRetry && (
            <button type="button" class="button small" onClick={() => onRetry(group.class)}>
              <Icon name="retry" />
              {t('failures.retry')}
            </button>
          )}
        </p>
      </div>
    </li>
  );
}

export function DocumentationLink({
  group,
}: {
  readonly group: Pick<FailureGroup, 'provider' | 'code'>;
}) {
  const { t, language } = usePage();
  const href = pageOf(group, language);
  if (href === undefined) return null;
  return (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {t('failures.documentation', { provider: t(`provider.${group.provider}`) })}
      <Icon name="external" />
      <span class="visually-hidden">{t('link.newWindow')}</span>
    </a>
  );
}
