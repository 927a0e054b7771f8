/** What the linter of CloudFormation says of the templates of several stages. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { prepareTool, programOf } from '../../scripts/python-tools.ts';
import { loadJson } from '../fixtures/load.ts';
import { TEMPLATE } from '../fixtures/template.ts';
import { folderOf, VARIANT_NAMES } from '../fixtures/variants.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

beforeAll(() => prepareTool('cfn-lint'), 300_000);

it('cfn-lint finds nothing in the templates of several stages', async () => {
  const paths = VARIANT_NAMES.map((variant) => `${folderOf(variant)}/${TEMPLATE}`);
  const first = '.serverless/cloudformation-template-create-stack.json';
  // W3005: the framework names again, as what a resource depends on, what it refers to already.
  const args = ['--ignore-checks', 'W3005', '--', ...paths, first];
  const findings = await run(programOf('cfn-lint'), args, { cwd: root }).then(
    ({ stdout }) => stdout,
    (error: Error & { stdout?: string }) => error.stdout || error.message,
  );
  expect(findings).toBe('');
});

it.each(VARIANT_NAMES)('the template of %s leaves nothing to decide', (variant) => {
  const text = JSON.stringify(loadJson(`${folderOf(variant)}/${TEMPLATE}`));
  expect(text).not.toMatch(/Fn::If|AWS::NoValue|"Conditions"/);
});
