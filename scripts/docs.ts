/**
 * Writes the generated parts of `docs/`; `npm run docs`. A test checks that they are up to date.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { toJsonSchema } from '@valibot/to-json-schema';
import { openApi } from '../shared/api/openapi.ts';
import { summaryShape } from '../shared/api/responses.ts';
import { clientSource } from './api-client.ts';
import { apiPage } from './api-page.ts';
import { schemaFiles } from './cli-schemas.ts';

/** Every file with its content, by path. */
export async function madeDocs(): Promise<Readonly<Record<string, string>>> {
  const summary = toJsonSchema(summaryShape, { errorMode: 'ignore', target: 'draft-2020-12' });
  return {
    'docs/api.md': apiPage(),
    [CLIENT]: formatted(await clientSource()),
    'docs/schemas/openapi.json': json(openApi()),
    'docs/schemas/summary.json': json({ ...summary, title: 'summary.json of a run' }),
    ...Object.fromEntries(
      [...schemaFiles()].map(([name, text]) => [`docs/schemas/cli/${name}`, text]),
    ),
  };
}

const CLIENT = 'docs/examples/typescript/waybill.ts';

/** As the rest of the sources. */
function formatted(source: string): string {
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
  const given = ['format', `--stdin-file-path=${CLIENT}`];
  return execFileSync(process.execPath, [biome, ...given], { input: source, encoding: 'utf8' });
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

if (import.meta.main) {
  for (const [path, content] of Object.entries(await madeDocs())) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    process.stdout.write(`${path}\n`);
  }
}
