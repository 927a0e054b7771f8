/**
 * Generates the JSON Schemas of what commands print with `--json`, from the shapes in
 * cli/outputs.ts; `npm run docs` writes them.
 */
import { toJsonSchema } from '@valibot/to-json-schema';
import { OUTPUTS } from '../cli/outputs.ts';

/** The text of each file by its name: JSON Schemas of draft 2020-12. */
export function schemaFiles(): ReadonlyMap<string, string> {
  const files = Object.entries(OUTPUTS).map(([command, { description, schema }]) => {
    const { $schema, ...rest } = toJsonSchema(schema, {
      errorMode: 'ignore',
      target: 'draft-2020-12',
      typeMode: 'output',
    });
    const whole = { $schema, title: `waybill ${command} --json`, description, ...rest };
    return [`${command.replace(' ', '-')}.json`, `${JSON.stringify(whole, null, 2)}\n`] as const;
  });
  return new Map(files);
}
