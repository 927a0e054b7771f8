/** The unit in docs/server.md, read by systemd itself where it is installed. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../fixtures/stores.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
const verify = (path: string) =>
  spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
const hasSystemd = verify('/dev/null').error === undefined;

it.runIf(hasSystemd)('systemd finds nothing wrong in the unit of the page', () => {
  const page = readFileSync(join(ROOT, 'docs/server.md'), 'utf8');
  const [, unit = ''] = /```ini\n([\s\S]*?)```/.exec(page) ?? [];
  const path = join(temporaryFolder(), 'waybill.service');
  // Its program must be there.
  const here = unit.replaceAll('/opt/waybill', ROOT);
  writeFileSync(path, here);
  expect(verify(path)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  writeFileSync(path, here.replace('ProtectSystem', 'ProtectSystems'));
  expect(verify(path).stderr).toContain('ProtectSystems');
});
