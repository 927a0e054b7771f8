/** The heading of a view, which is also the title of the window. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { takeHeading } from '../state/heading-focus.ts';
import { Icon } from './icons.tsx';

export interface TitleProps {
  readonly text: string;
  /** Beside the heading. */
  readonly badge?: ComponentChildren;
  readonly actions?: ComponentChildren | false;
  /** Where one came from. */
  readonly back?: { readonly href: string; readonly text: string };
  readonly children?: ComponentChildren;
}

export function Title({ actions, back, badge, children, text }: TitleProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  // It may stand in the place of another one, which had the focus.
  useEffect(() => takeHeading(heading.current), []);
  useEffect(() => {
    document.title = `${text} · Waybill`;
  }, [text]);
  return (
    <div class="title">
      {back && (
        <a class="back" href={back.href}>
          <Icon name="back" />
          {back.text}
        </a>
      )}
      <div class="title-row">
        <div class="title-words">
          <h1 ref={heading} tabIndex={-1}>
            {text}
          </h1>
          {badge}
        </div>
        {actions && <div class="actions">{actions}</div>}
      </div>
      {children}
    </div>
  );
}
