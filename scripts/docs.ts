/**
 * Writes the generated parts of `docs/`; `npm run docs`. A test checks that they are up to date.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { toJsonSchema } from '@valibot/to-json-schema';
import { openApi } from '../shared/api/openapi.ts';
import { summaryShape } from '../shared/api/responses.ts';
import { apiPage } from './api-page.ts';
import { schemaFiles } from './cli-schemas.ts';
import { configurationPage } from './configuration-page.ts';

/** Every file with its content, by path. */
export function madeDocs(): Readonly<Record<string, string>> {
  const summary = toJsonSchema(summaryShape, { errorMode: 'ignore', target: 'draft-2020-12' });
  return {
    'docs/api.md': apiPage(),
    'docs/configuration.md': configurationPage(),
    'docs/schemas/openapi.json': json(openApi()),
    'docs/schemas/summary.json': json({ ...summary, title: 'summary.json of a run' }),
    ...Object.fromEntries(
      [...schemaFiles()].map(([name, text]) => [`docs/schemas/cli/${name}`, text]),
    ),
  };
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

if (import.meta.main) {
  for (const [path, content] of Object.entries(madeDocs())) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    process.stdout.write(`${path}\n`);
  }
}
