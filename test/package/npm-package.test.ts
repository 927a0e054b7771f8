/** The npm package as somebody gets it: packed, and installed into an empty folder for each Node. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackage, OLDEST_NODE, PACKAGE } from '../../scripts/build-package.ts';

const run = promisify(execFile);
const TSC = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));
const NODE_TYPES = fileURLToPath(new URL('../../node_modules/@types', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'waybill-package-'));
/** The oldest that it names, and the one that most have. */
const NODES = [OLDEST_NODE, '24'] as const;
const placeOf = (node: string) => join(folder, node);
const envOf = (node: string) => ({
  PATH: `${placeOf(node)}/node_modules/.bin:${process.env['PATH']}`,
  HOME: folder,
  npm_config_cache: process.env['npm_config_cache'],
});
const sh = (node: string, command: string, args: readonly string[], more = {}) =>
  run(command, args, { cwd: placeOf(node), env: { ...envOf(node), ...more } });

let packed: readonly string[];
beforeAll(async () => {
  await buildPackage();
  const [tarball] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: PACKAGE,
      encoding: 'utf8',
    }),
  );
  packed = tarball.files.map(({ path }: { path: string }) => path);
  for (const node of NODES) {
    mkdirSync(placeOf(node));
    const about = { private: true, type: 'module', allowScripts: { node: true } };
    writeFileSync(join(placeOf(node), 'package.json'), JSON.stringify(about));
    execFileSync('npm', ['install', `../${tarball.filename}`, `node@${node}`], {
      cwd: placeOf(node),
      stdio: 'inherit',
    });
  }
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @returns also what ends it, with its exit code */
async function serve(node: string) {
  const service = spawn(join(placeOf(node), 'node_modules/.bin/waybill'), ['serve'], {
    cwd: placeOf(node),
    env: { ...envOf(node), PORT: '0' },
  });
  const ended = new Promise<number | null>((resolve) => service.once('exit', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    let text = '';
    const read = (chunk: Buffer) => {
      text += chunk;
      const found = /listens on (http:\/\/\S+)/.exec(text)?.[1];
      if (found) resolve(found);
    };
    service.stdout.on('data', read);
    service.stderr.on('data', read);
    service.once('exit', (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
  const end = async () => {
    service.kill('SIGTERM');
    return ended;
  };
  return { url, end };
}

describe('the npm package', () => {
  it('holds no tests, no sources and no packages of others', () => {
    const strange = /(^|\/)(test|node_modules)\/|^(?!docs\/).*(?<!\.d)\.ts$/;
    expect(packed.filter((path) => strange.test(path))).toEqual([]);
    const { dependencies } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
    expect(dependencies).toBeUndefined();
    expect(packed.length).toBeLessThan(300);
  });

  it('lists every package that its bundles hold, with licence and hash', () => {
    const { bomFormat, components } = JSON.parse(
      readFileSync(join(PACKAGE, 'sbom.json'), 'utf8'),
    ) as {
      bomFormat: string;
      components: { name: string; hashes: object[]; licenses: object[] }[];
    };
    expect(bomFormat).toBe('CycloneDX');
    const names = components.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['@middy/core', 'commander', 'core-js', 'pg', 'preact', 'uplot']),
    );
    // Another one of each name is what only tests use.
    expect(names).toEqual([...new Set(names)]);
    const unknown = components.filter(({ hashes, licenses }) => !hashes.length || !licenses.length);
    expect(unknown).toEqual([]);
  });

  it('is taken by npm publish without a warning about what is in it', async () => {
    const { stderr } = await run('npm', ['publish', '--dry-run', '--loglevel=warn'], {
      cwd: PACKAGE,
    });
    const warnings = stderr.split('\n').filter((line) => line.startsWith('npm warn'));
    expect(warnings.filter((line) => !line.includes('requires you to be logged in'))).toEqual([]);
  });

  it.each(NODES)('runs on Node %s', async (node) => {
    const { stdout } = await sh(node, 'node', ['--version']);
    expect(`${stdout.trim()}.`).toContain(`v${node}.`);
    const version = await sh(node, 'npx', ['waybill', '--version']);
    expect(version.stdout).toBe(
      `${JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')).version}\n`,
    );
    expect(version.stderr).toBe('');
  });

  it.each(NODES)('lint reads a manifest on Node %s', async (node) => {
    writeFileSync(join(placeOf(node), 'm.csv'), 'url,key\nhttp://media.example.com/a,a\n');
    const { stdout } = await sh(node, 'npx', ['waybill', 'lint', 'm.csv']);
    expect(stdout).toContain('1 transfer, 0 quarantined');
  });

  it.each(NODES)(
    'on Node %s serve carries a manifest and a migration to their ends, verify checks the certificate, and the dashboard is there',
    { timeout: 120_000 },
    async (node) => {
      const { url, end } = await serve(node);
      try {
        const to = 'ap-shanghai/examplebucket-1250000000';
        const waybill = async (...args: readonly string[]) =>
          (await sh(node, 'npx', ['waybill', ...args], { WAYBILL_URL: url })).stdout;
        writeFileSync(join(placeOf(node), 'first.csv'), `url,key\n${url}/healthz,first.json\n`);
        expect(await waybill('submit', 'first.csv', '--to', to, '--watch')).toContain('completed');

        const secrets = join(placeOf(node), 'data/secrets.json');
        const { apiToken } = JSON.parse(readFileSync(secrets, 'utf8'));
        await fetch(`${url}/objects/lists/all.csv`, {
          method: 'PUT',
          headers: { authorization: `Bearer ${apiToken}` },
          body: `url,key\n${url}/healthz,moved/a.json\n${url}/openapi.json,moved/b.json\n`,
        });
        const migrated = await waybill(
          ...['migrate', '--list', 'lists/all.csv', `cos://${to}/`, '--pilot', '0', '--watch'],
        );
        expect(migrated).toContain('completed');
        const [, migrationId = ''] = /^migration (m[0-9a-f]{23})$/m.exec(migrated) ?? [];
        await waybill('report', migrationId, '--out', 'reports');
        const key = await (await fetch(`${url}/certificate-key`)).text();
        writeFileSync(join(placeOf(node), 'key.json'), key);
        const checked = await waybill(
          ...['verify', 'reports/certificate.json', '--key', 'key.json', '--json'],
        );
        expect(JSON.parse(checked)).toMatchObject({ verified: true });

        const page = await fetch(url);
        expect(page.headers.get('content-type')).toContain('text/html');
        const script = /src="([^"]+\.js)"/.exec(await page.text())?.[1] ?? '';
        expect((await fetch(new URL(script, url))).status).toBe(200);
      } finally {
        expect(await end()).toBe(0);
      }
    },
  );

  it('exports signing, the manifest reader and the simulators, with types', async () => {
    writeFileSync(
      join(placeOf(OLDEST_NODE), 'uses.ts'),
      `import { createLineReader, findFault } from 'waybill/manifest';
import { createCosSigner, createHuaweiSigner } from 'waybill/signing';
import { startSimulator } from 'waybill/simulator';
const simulator = await startSimulator({});
const sign = createCosSigner({ credentials: { secretId: 'AKIDEXAMPLE', secretKey: 'example' } });
const signed = sign({ method: 'GET', origin: simulator.objectsUrl, path: '/', query: [], headers: {}, body: '' }, new Date(0));
console.log(JSON.stringify([typeof createLineReader, typeof findFault, typeof createHuaweiSigner, signed.headers['authorization']?.slice(0, 20)]));
await simulator.close();
`,
    );
    const flags = [
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--lib',
      'es2024,esnext.disposable',
      '--strict',
    ];
    await sh(OLDEST_NODE, TSC, [...flags, '--typeRoots', NODE_TYPES, '--types', 'node', 'uses.ts']);
    const { stdout } = await sh(OLDEST_NODE, 'node', ['uses.js']);
    expect(JSON.parse(stdout)).toEqual([
      'function',
      'function',
      'function',
      'q-sign-algorithm=sha',
    ]);
  });
});
