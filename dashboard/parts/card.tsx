/** A card: a section of the page with a heading. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export function Card(props: {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}) {
  const title = useId();
  return (
    <section class={`card ${props.class ?? ''}`} aria-labelledby={title}>
      <header class="card-head">
        <h2 id={title}>{props.title}</h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}
