/**
 * Builds the dashboard into `.build/dashboard`: names with a hash of the content, each file also
 * compressed, and `files.json`, the list of all files (`shared/api/dashboard-files.ts` serves
 * them).
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { type BuildOptions, build, type OutputFile, type Plugin } from 'esbuild';
import { INDEX, PAGE, type StaticFile } from '../shared/api/dashboard-files.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = join(ROOT, 'dashboard');
export const DASHBOARD = join(ROOT, '.build', 'dashboard');

export interface BuiltFile {
  /** In the folder: `index.html`, `assets/app-…js`. */
  readonly path: string;
  readonly bytes: number;
  readonly gzip: number;
  readonly br: number;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const common: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  write: false,
  outdir: 'assets',
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  format: 'esm',
  target: ['chrome111', 'firefox128', 'safari16.4'],
  minify: true,
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
};

/**
 * The linter of manifests is the functions' own, made for Node: in the worker a few lines stand for
 * the parts of Node that it uses.
 */
const forBrowsers: Plugin = {
  name: 'for-browsers',
  setup({ onResolve }) {
    const stand = (filter: RegExp, file: string) =>
      onResolve({ filter }, () => ({ path: join(SOURCES, 'lint/browser', file) }));
    stand(/^node:buffer$/, 'node.ts');
    stand(/\/gzip\.ts$/, 'gzip.ts');
  },
};

/** Builds everything anew, beside what is there, and then takes its place. */
export async function buildDashboard(folder = DASHBOARD): Promise<readonly BuiltFile[]> {
  const worker = await build({
    ...common,
    entryPoints: { lint: 'dashboard/lint/worker.ts' },
    inject: ['dashboard/lint/browser/node.ts'],
    plugins: [forBrowsers],
  });
  const [lint] = worker.outputFiles ?? [];
  const page = await build({
    ...common,
    entryPoints: {
      app: 'dashboard/main.tsx',
      style: 'dashboard/styles/main.css',
      icon: 'dashboard/icon.svg',
    },
    splitting: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'copy' },
    define: { LINT_WORKER: JSON.stringify(nameOf(lint)) },
  });
  const assets = [...(worker.outputFiles ?? []), ...(page.outputFiles ?? [])];
  const html = await pageText(assets);

  await mkdir(dirname(folder), { recursive: true });
  const made = await mkdtemp(`${folder}-`);
  await mkdir(join(made, 'assets'));
  const index: Record<string, StaticFile> = {};
  const built: BuiltFile[] = [];
  for (const [path, bytes] of [
    [PAGE, Buffer.from(html)] as const,
    ...assets.map((file) => [`assets/${nameOf(file)}`, Buffer.from(file.contents)] as const),
  ]) {
    const [gzip, br] = [gzipSync(bytes, { level: 9 }), brotli(bytes)];
    await writeFile(join(made, path), bytes);
    await writeFile(join(made, `${path}.gzip`), gzip);
    await writeFile(join(made, `${path}.br`), br);
    const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
    const type = TYPES[extname(path)];
    if (type === undefined) throw new TypeError(`${path}: of no known type`);
    index[path] = { type, etag: `W/"${digest}"`, codings: ['br', 'gzip'] };
    built.push({ path, bytes: bytes.length, gzip: gzip.length, br: br.length });
  }
  await writeFile(join(made, INDEX), JSON.stringify(index));
  await replace(made, folder);
  return built;
}

/** Whether what was built is newer than everything it is made of. */
export function isFresh(folder = DASHBOARD): boolean {
  const index = join(folder, INDEX);
  if (!existsSync(index)) return false;
  const builtAt = statSync(index).mtimeMs;
  const sources = [
    'dashboard',
    'package-lock.json',
    'scripts/build-dashboard.ts',
    'shared/lib',
    'shared/manifest',
  ];
  return sources.every((source) => newest(join(ROOT, source)) <= builtAt);
}

function newest(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  const below = readdirSync(path).map((name) => newest(join(path, name)));
  return Math.max(stats.mtimeMs, ...below);
}

/** Several services may build at once: whoever comes later finds the same files there. */
async function replace(made: string, folder: string): Promise<void> {
  const old = `${made}-old`;
  await rename(folder, old).catch(() => {});
  await rename(made, folder).catch(() => rm(made, { recursive: true, force: true }));
  await rm(old, { recursive: true, force: true });
}

const brotli = (bytes: Buffer): Buffer =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });

const nameOf = (file: OutputFile | undefined): string => basename(file?.path ?? '');

async function pageText(assets: readonly OutputFile[]): Promise<string> {
  const named = (pattern: RegExp): string => {
    const found = assets.map(nameOf).filter((name) => pattern.test(name));
    if (found.length !== 1) throw new Error(`${pattern}: expected one file, found ${found}`);
    return `assets/${found[0]}`;
  };
  return readFileSync(join(SOURCES, PAGE), 'utf8')
    .replace('{{style}}', named(/^style-.*\.css$/))
    .replace('{{script}}', named(/^app-.*\.js$/))
    .replace('{{icon}}', named(/^icon-.*\.svg$/));
}

/** Sizes of all files together. */
export const sum = (files: readonly BuiltFile[], of: 'bytes' | 'gzip' | 'br'): number =>
  files.reduce((total, file) => total + file[of], 0);

if (import.meta.main) {
  const built = await buildDashboard();
  const width = Math.max(...built.map(({ path }) => path.length));
  const line = (name: string, bytes: number, gzip: number, br: number): string =>
    `${name.padEnd(width)} ${String(bytes).padStart(8)} ${String(gzip).padStart(8)} ${String(br).padStart(8)}\n`;
  process.stdout.write(`${'bytes, gzip, br:'.padEnd(width)}\n`);
  for (const { path, bytes, gzip, br } of built) process.stdout.write(line(path, bytes, gzip, br));
  process.stdout.write(line('together', sum(built, 'bytes'), sum(built, 'gzip'), sum(built, 'br')));
}
