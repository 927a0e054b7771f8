/** The view for an unknown address: page not found. */
import { ButtonLink, Empty } from '../parts/notice.tsx';
import { Title } from '../parts/title.tsx';
import { usePage } from '../state/context.ts';
import { runsHref } from '../state/route.ts';

export function UnknownView() {
  const { t } = usePage();
  return (
    <>
      <Title text={t('unknown.title')} />
      <Empty title={t('unknown.text')}>
        <ButtonLink href={runsHref()} text={t('unknown.back')} />
      </Empty>
    </>
  );
}
