/** Facts: names and values one below the other, or side by side. */
import type { ComponentChildren } from 'preact';
import { usePage } from '../state/context.ts';

export type Fact = readonly [name: string, value: ComponentChildren, tone?: 'bad' | 'warn' | ''];

export const Facts = (props: { readonly class: string; readonly facts: readonly Fact[] }) => (
  <dl class={props.class}>
    {props.facts.map(([name, value, tone]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd {...(tone && { class: `${tone}-text` })}>{value}</dd>
      </div>
    ))}
  </dl>
);

/** A fact where there is a value. */
export const factOf = (
  name: string,
  value: ComponentChildren,
  tone?: 'bad' | 'warn' | '',
): readonly Fact[] => (value === undefined || value === null ? [] : [[name, value, tone ?? '']]);

export function Instant({ at }: { readonly at: string }) {
  const { format } = usePage();
  return <time dateTime={at}>{format.instant(at)}</time>;
}
