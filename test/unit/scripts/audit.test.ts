/** The check for known faults of packages, by npm itself, with registries of our own. */
import { globSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { BUNDLED_TOOLS } from '../../../scripts/build-package.ts';
import { startProgram } from '../../fixtures/processes.ts';
import { temporaryFolder } from '../../fixtures/stores.ts';

/** A registry that knows faults of these packages. */
async function startRegistry(severities: Readonly<Record<string, string>>): Promise<string> {
  const advisories = Object.entries(severities).map(([name, severity], id) => [
    name,
    [
      {
        ...{ id, severity, title: 'a fault', url: 'https://example.com/1' },
        ...{ vulnerable_versions: '<999', cwe: [], cvss: { score: 9, vectorString: null } },
      },
    ],
  ]);
  const server = createServer(async (request, answer) => {
    const parts = await Array.fromAsync(request as AsyncIterable<Buffer>);
    const asked = Buffer.concat(parts);
    const isZipped = request.headers['content-encoding'] === 'gzip';
    const text = (isZipped ? gunzipSync(asked) : asked).toString();
    const names = Object.keys(request.method === 'POST' ? JSON.parse(text) : {});
    const known = advisories.filter(([name]) => names.includes(String(name)));
    const name = decodeURIComponent(request.url?.slice(1) ?? '');
    const body = request.method === 'POST' ? Object.fromEntries(known) : { name, versions: {} };
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify(body));
  });
  await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function audit(registry: string) {
  const folder = temporaryFolder();
  const program = startProgram('scripts/audit.ts', [], {
    HOME: folder,
    npm_config_cache: folder,
    npm_config_registry: registry,
    npm_config_fetch_retries: '0',
  });
  return { code: await program.ended, output: program.output() };
}

it('fails for a high fault of a package that the service needs', async () => {
  const { code, output } = await audit(await startRegistry({ undici: 'high' }));
  expect(output).toContain('high: undici');
  expect(code).toBe(1);
});

it('fails for a critical fault of a package in the dashboard', async () => {
  const { code, output } = await audit(await startRegistry({ preact: 'critical' }));
  expect(output).toContain('critical: preact');
  expect(code).toBe(1);
});

it('passes with faults that are moderate, or of packages that are not shipped', async () => {
  const registry = await startRegistry({ pg: 'moderate', dynalite: 'critical' });
  const { code, output } = await audit(registry);
  expect(output).toContain('moderate: pg');
  expect(output).toContain('of them high or critical: 0.');
  expect(output).not.toContain('dynalite');
  expect(code).toBe(0);
});

it('says that nothing was checked where the registry does not answer, and passes', async () => {
  const { code, output } = await audit('http://127.0.0.1:9');
  expect(output).toMatch(/^Packages were NOT checked for known faults: .+/);
  expect(code).toBe(0);
});

it('counts every package that the dashboard imports as shipped', () => {
  const files = globSync('dashboard/**/*.{ts,tsx}');
  const imported = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/from '((?!node:)[^.#][^']*)'/g)].map(
      ([, name = '']) => name,
    ),
  );
  const packages = imported.map((name) => `node_modules/${name.split('/')[0]}`);
  expect(packages).toContain('node_modules/preact');
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const shipped = Object.keys(dependencies).map((name) => `node_modules/${name}`);
  expect(packages.filter((one) => ![...shipped, ...BUNDLED_TOOLS].includes(one))).toEqual([]);
});
