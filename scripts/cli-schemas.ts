/**
 * `node scripts/cli-schemas.ts`: writes docs/schemas/cli/<command>.json, the JSON Schemas of what
 * commands print with `--json`, made from the shapes in cli/outputs.ts. A test compares them.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { OUTPUTS } from '../cli/outputs.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const SCHEMAS_FOLDER = join(ROOT, 'docs/schemas/cli');

/** JSON Schemas of draft 2020-12 by command. */
export function outputSchemas(): ReadonlyMap<string, object> {
  const schemas = Object.entries(OUTPUTS).map(([command, { description, schema }]) => {
    const { $schema, ...rest } = toJsonSchema(schema, {
      errorMode: 'ignore',
      target: 'draft-2020-12',
      typeMode: 'output',
    });
    return [
      command,
      { $schema, title: `waybill ${command} --json`, description, ...rest },
    ] as const;
  });
  return new Map(schemas);
}

if (import.meta.main) {
  mkdirSync(SCHEMAS_FOLDER, { recursive: true });
  for (const [command, schema] of outputSchemas()) {
    writeFileSync(join(SCHEMAS_FOLDER, `${command}.json`), `${JSON.stringify(schema, null, 2)}\n`);
  }
  const biome = join(ROOT, 'node_modules/.bin/biome');
  const { status } = spawnSync(biome, ['format', '--write', SCHEMAS_FOLDER], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
