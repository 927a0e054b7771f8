/** How the providers answer: throttling and trouble with credentials. */
import { Title } from '../parts/title.tsx';
import { usePage } from '../state/context.ts';

export function ProvidersView() {
  const { t } = usePage();
  return <Title text={t('providers.title')} />;
}
