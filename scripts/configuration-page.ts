/** Writes the tables of `docs/configuration.md` from those that the variables are read with. */
import { readFileSync } from 'node:fs';
import type { Table } from '../shared/lib/env.ts';
import { PARTS } from '../shared/wiring/config/names.ts';
import { TEXTS } from '../shared/wiring/config/texts.ts';

/** A schema or one of its checks; only some have each of these. */
interface Part {
  readonly type?: string;
  readonly pipe?: readonly Part[];
  readonly wrapped?: Part;
  readonly options?: readonly string[];
  readonly requirement?: unknown;
  readonly default?: unknown;
}

const HEAD = '| Variable | Meaning | Values | Default |\n|---|---|---|---|\n';

/** The page, with what is between its two marks made anew. */
export function configurationPage(): string {
  const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8');
  const texts: Readonly<Record<string, string>> = TEXTS;
  const seen = new Set<string>();
  const sections = Object.entries(PARTS).map(([heading, tables]) => {
    const rows = tables
      .flatMap((part: Table) => Object.values(part))
      .filter(([name]) => !seen.has(name) && seen.add(name))
      .map(([name, schema]) => {
        const cells = [`\`${name}\``, texts[name], valuesOf(schema), defaultOf(schema)];
        return `| ${cells.join(' | ')} |\n`;
      });
    return `### ${heading}\n\n${HEAD}${rows.join('')}\n`;
  });
  const made = `<!-- variables -->\n\n${sections.join('')}<!-- /variables -->`;
  return page.replace(/<!-- variables -->[\s\S]*<!-- \/variables -->/, () => made);
}

function valuesOf(schema: Part): string {
  const parts = partsOf(schema);
  const bounds = ['min_value', 'max_value'].flatMap((type) =>
    parts.filter((part) => part.type === type).map(({ requirement }) => requirement),
  );
  if (bounds.length === 2)
    return bounds.map((bound) => Number(bound).toLocaleString('en')).join(' to ');
  const { options = [] } = parts.find((part) => part.options) ?? {};
  return options.map((option) => `\`${option}\``).join(', ');
}

const partsOf = (part: Part): readonly Part[] => [
  part,
  ...(part.wrapped ? partsOf(part.wrapped) : []),
  ...(part.pipe ?? []).flatMap(partsOf),
];

const defaultOf = (schema: Part): string => (schema.default ? `\`${schema.default}\`` : '');
