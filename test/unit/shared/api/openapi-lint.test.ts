/** The description of the API as a public linter sees it, and what is made of it. */
import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { madeDocs } from '../../../../scripts/docs.ts';
import { openApi } from '../../../../shared/api/openapi.ts';
import { ROUTES } from '../../../../shared/api/routes/index.ts';

it('the linter of Redocly finds nothing, by its strict rules', async () => {
  // Open routes that read no input have no answer that blames the caller.
  const rules = { 'operation-4xx-response': 'off' } as const;
  const config = await createConfig({ extends: ['recommended-strict'], rules });
  const lint = async (document: object) => {
    const problems = await lintFromString({ source: JSON.stringify(document), config });
    return problems.map(({ ruleId, message }) => `${ruleId}: ${message}`);
  };
  expect(await lint(openApi())).toEqual([]);
  // It looks: a document without answers is refused.
  expect(await lint({ ...openApi(), paths: { '/x': { get: {} } } })).not.toEqual([]);
});

it.each(ROUTES)('$route: the example of its answer has its shape', ({ answer, answers }) => {
  const shape = Object.values(answers).at(-1);
  expect(answer).toBeDefined();
  if (typeof shape === 'string' || !shape) return;
  expect(() => v.parse(shape, answer)).not.toThrow();
});

it('what is made of it in docs/ is up to date', () => {
  for (const [path, content] of Object.entries(madeDocs())) {
    expect(readFileSync(path, 'utf8'), `npm run docs writes ${path}`).toBe(content);
  }
});
