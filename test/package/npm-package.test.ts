/** The npm package as somebody gets it: packed, installed into an empty folder, run on the oldest Node. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
const env = {
  PATH: `${folder}/node_modules/.bin:${process.env['PATH']}`,
  HOME: folder,
  npm_config_cache: process.env['npm_config_cache'],
};
const sh = (command: string, args: readonly string[]) => run(command, args, { cwd: folder, env });

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
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, type: 'module', allowScripts: { node: true } }),
  );
  execFileSync('npm', ['install', `./${tarball.filename}`, `node@${OLDEST_NODE}`], {
    cwd: folder,
    stdio: 'inherit',
  });
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the npm package', () => {
  it('holds no tests, no sources and no packages of others', () => {
    const strange = /(^|\/)(test|node_modules)\/|^(?!docs\/).*(?<!\.d)\.ts$/;
    expect(packed.filter((path) => strange.test(path))).toEqual([]);
    const { dependencies } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
    expect(dependencies).toBeUndefined();
    expect(packed.length).toBeLessThan(300);
  });

  it('is taken by npm publish without a warning about what is in it', async () => {
    const { stderr } = await run('npm', ['publish', '--dry-run', '--loglevel=warn'], {
      cwd: PACKAGE,
    });
    const warnings = stderr.split('\n').filter((line) => line.startsWith('npm warn'));
    expect(warnings.filter((line) => !line.includes('requires you to be logged in'))).toEqual([]);
  });

  it('runs on the oldest Node that it names', async () => {
    const { stdout } = await sh('node', ['--version']);
    expect(stdout.trim()).toBe(`v${OLDEST_NODE}`);
    const version = await sh('npx', ['waybill', '--version']);
    expect(version.stdout).toBe(
      `${JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')).version}\n`,
    );
    expect(version.stderr).toBe('');
  });

  it('lint reads a manifest', async () => {
    writeFileSync(join(folder, 'manifest.csv'), 'url,key\nhttp://media.example.com/a,a\n');
    const { stdout } = await sh('npx', ['waybill', 'lint', 'manifest.csv']);
    expect(stdout).toContain('1 transfer, 0 quarantined');
  });

  it('serve carries a manifest to its end and shows the dashboard', async () => {
    const service = spawn(join(folder, 'node_modules/.bin/waybill'), ['serve'], {
      cwd: folder,
      env: { ...env, PORT: '0' },
    });
    const ended = new Promise((resolve) => service.once('exit', resolve));
    try {
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
      writeFileSync(join(folder, 'first.csv'), `url,key\n${url}/healthz,first.json\n`);
      const submit = [
        'waybill',
        'submit',
        'first.csv',
        '--to',
        'ap-shanghai/examplebucket-1250000000',
      ];
      const { stdout } = await run('npx', [...submit, '--watch'], {
        cwd: folder,
        env: { ...env, WAYBILL_URL: url },
      });
      expect(stdout).toContain('completed');
      const page = await fetch(url);
      expect(page.headers.get('content-type')).toContain('text/html');
      const script = /src="([^"]+\.js)"/.exec(await page.text())?.[1] ?? '';
      expect((await fetch(new URL(script, url))).status).toBe(200);
    } finally {
      service.kill('SIGTERM');
      await ended;
    }
  });

  it('exports signing, the manifest reader and the simulators, with types', async () => {
    writeFileSync(
      join(folder, 'uses.ts'),
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
    await sh(TSC, [...flags, '--typeRoots', NODE_TYPES, '--types', 'node', 'uses.ts']);
    const { stdout } = await sh('node', ['uses.js']);
    expect(JSON.parse(stdout)).toEqual([
      'function',
      'function',
      'function',
      'q-sign-algorithm=sha',
    ]);
  });
});
