/** The service as a program: what it says first, how it ends, and what keeps it from starting. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type Program, startProgram } from '../../fixtures/processes.ts';
import { temporaryFolder } from '../../fixtures/stores.ts';

const TOKEN = 'a-token-for-this-test';

const start = (env: Record<string, string> = {}, cwd?: string): Program =>
  startProgram('local/main.ts', [], { PORT: '0', WAYBILL_DATA: temporaryFolder(), ...env }, cwd);

const linesOf = (service: Program): readonly string[] => service.output().trimEnd().split('\n');

it('says in its first line that it simulates; all other lines are JSON; SIGTERM ends it well', async () => {
  const service = start({ LOG_LEVEL: 'debug' });
  const [, url = ''] = await service.says(/listens on (\S+)/);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(await service.kill('SIGTERM')).toBe(0);

  const [first, ...rest] = linesOf(service);
  expect(first).toMatch(/^Waybill talks to the built-in provider simulators .* listens on http:/);
  expect(rest.map((line) => JSON.parse(line).event)).toEqual(
    expect.arrayContaining(['service.stopping', 'service.stopped']),
  );
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});

it('G6: says whom it talks to with a key pair, and shows nothing of the pair', async () => {
  const service = start({
    TENCENTCLOUD_APP_ID: '1250000000',
    TENCENTCLOUD_SECRET_ID: 'AKIDcanary',
    TENCENTCLOUD_SECRET_KEY: 'secret-canary',
    WAYBILL_COS_MIGRATION_ENDPOINT: 'http://{region}.cos.example',
  });
  await service.says(/service.no-callbacks.*\n/);
  expect(linesOf(service)[0]).toMatch(/^Waybill talks to Tencent Cloud for account 1250000000 and/);
  expect(await service.kill('SIGINT')).toBe(0);
  expect(service.output()).not.toContain('canary');
});

it('keeps the secrets it made, so that tokens and callbacks stay valid', async () => {
  const folder = temporaryFolder();
  for (const _start of [1, 2]) {
    const service = start({ WAYBILL_DATA: folder });
    const [, url = ''] = await service.says(/listens on (\S+)/);
    const { apiToken } = JSON.parse(readFileSync(join(folder, 'secrets.json'), 'utf8'));
    const headers = { authorization: `Bearer ${apiToken}` };
    expect((await fetch(`${url}/runs`, { headers })).status).toBe(200);
    expect((await fetch(`${url}/runs`)).status).toBe(401);
    expect(service.output()).not.toContain(apiToken);
    expect(await service.kill('SIGTERM')).toBe(0);
  }
});

it('tells every fault of the configuration at once, values aside, and ends with 2', async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, '.env'), 'WAYBILL_API_TOKENS=canary\nPORT=canary\n');
  const service = start({ PORT: '70000', WAYBILL_VERIFY: 'canary' }, cwd);
  expect(await service.ended).toBe(2);
  expect(service.output()).toBe(
    [
      'The configuration has 3 faults:',
      '  PORT: expected a whole number from 0 to 65535',
      '  WAYBILL_VERIFY: expected one of failures, all, none',
      '  WAYBILL_API_TOKENS: expected comma-separated tokens of at least 16 characters, or sha256:<64 hex digits>, each alone or as <name>:read:<token> or <name>:operate:<token>',
      '',
    ].join('\n'),
  );
});

it.each([
  ['input-bom.env', undefined],
  ['input-utf16.env', '.env: the file is UTF-16 text; save it as UTF-8'],
])(
  'takes an .env as Windows writes it, or says why not: env-file-encoding %s',
  async (file, fault) => {
    const cwd = temporaryFolder();
    const input = join(import.meta.dirname, '../../fixtures/cases/env-file-encoding', file);
    writeFileSync(join(cwd, '.env'), readFileSync(input));
    const service = start({ WAYBILL_COS_MIGRATION_ENDPOINT: 'http://{region}.cos.example' }, cwd);
    if (fault === undefined) {
      await service.says(/^Waybill talks to Tencent Cloud/);
      expect(await service.kill('SIGTERM')).toBe(0);
    } else {
      expect(await service.ended).toBe(2);
      expect(service.output()).toContain(fault);
    }
  },
);

it('warns of names in .env that only look like a provider’s, behind the first line', async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, '.env'), 'TENCENTCLOUD_SECRETID=AKIDexample\n');
  const service = start({ TENCENTCLOUD_REGION: 'ap-shanghai' }, cwd);
  const [warning] = await service.says(/\{.*config\.unusual.*\n/);
  expect(linesOf(service)[0]).toMatch(/^Waybill talks to the built-in provider simulators/);
  expect(JSON.parse(warning)).toMatchObject({
    level: 'warn',
    path: 'TENCENTCLOUD_SECRETID',
    message: 'is not a setting of Waybill; did you mean TENCENTCLOUD_SECRET_ID?',
  });
  expect(service.output()).not.toContain('TENCENTCLOUD_REGION');
  expect(await service.kill('SIGTERM')).toBe(0);
});

it('does not start twice on one folder, and names the folder and the process', async () => {
  const folder = temporaryFolder();
  const first = start({ WAYBILL_DATA: folder });
  await first.says(/listens on/);
  const second = start({ WAYBILL_DATA: folder });
  expect(await second.ended).toBe(2);
  expect(second.output()).toContain(
    `WAYBILL_DATA: the folder ${folder} is in use by another service (process ${first.child.pid})`,
  );
});

it('names a port that is in use, and ends with 2', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const service = start({ PORT: String(port) });
  expect(await service.ended).toBe(2);
  expect(service.output()).toContain(`PORT: port ${port} is in use on 127.0.0.1`);
  expect(service.output().trimEnd().split('\n')).toHaveLength(2);
});

it('ends at once with the second signal, while the first one waits for the provider', async () => {
  let arrive = (): void => {};
  const arrived = new Promise<void>((done) => {
    arrive = done;
  });
  // Takes a submission and never answers.
  const silent = createServer(() => arrive()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const service = start({
    TENCENTCLOUD_SECRET_ID: 'AKIDexample',
    TENCENTCLOUD_SECRET_KEY: 'example',
    WAYBILL_API_TOKENS: TOKEN,
    WAYBILL_COS_MIGRATION_ENDPOINT: endpoint,
    WAYBILL_COS_ENDPOINT: endpoint,
  });
  const [, url = ''] = await service.says(/listens on (\S+)/);
  const key = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';
  const answer = await fetch(`${url}/objects/${key}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: 'url,key\nhttp://origin.example/a,a\n',
  });
  expect(answer.status).toBe(201);
  await arrived;
  service.child.kill('SIGTERM');
  await service.says(/service\.stopping/);
  expect(await service.kill('SIGTERM')).toBe(1);
  expect(service.output()).not.toContain('service.stopped');
});
