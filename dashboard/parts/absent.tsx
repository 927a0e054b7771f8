/** The view of a run, a migration or a transfer before it is there: loading, missing or unreadable. */
import type { ComponentChildren } from 'preact';
import type { Live } from '../live/use-live.ts';
import { Empty, FailureNotice, Loading } from './notice.tsx';
import { Title, type TitleProps } from './title.tsx';

export function Absent(props: {
  readonly live: Live<unknown>;
  readonly title: string;
  /** @default the same title */
  readonly missingTitle?: string;
  readonly missing: string;
  readonly back: TitleProps['back'] & {};
  /** What to do when it is missing. */
  readonly children: ComponentChildren;
}) {
  const { back, live, missing, missingTitle, title } = props;
  const isMissing = live.failure?.kind === 'missing';
  return (
    <>
      <Title text={isMissing ? (missingTitle ?? title) : title} back={back} />
      {isMissing && <Empty title={missing}>{props.children}</Empty>}
      {live.failure && !isMissing && (
        <FailureNotice failure={live.failure} onRetry={live.refresh} />
      )}
      {!live.failure && <Loading />}
    </>
  );
}
