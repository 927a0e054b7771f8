/**
 * Bundles each function into one file for Lambda: `.build/functions/<name>.cjs`, its source map
 * beside it, and esbuild's metafile for size checks. CommonJS, because the bundles hold packages that
 * `require` at run time.
 */
import { readdirSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const BUNDLES = join(ROOT, '.build', 'functions');

/** Names of all functions: the files in `functions/`. */
export const functionNames = (): readonly string[] =>
  readdirSync(join(ROOT, 'functions'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'))
    .sort();

/**
 * Builds all bundles anew and answers esbuild's account of what is in them.
 * @param condition which wiring they hold: `lambda` the distributed adapters, `default` the embedded ones
 */
export async function bundleFunctions(
  condition: 'lambda' | 'default' = 'lambda',
): Promise<Metafile> {
  await rm(BUNDLES, { recursive: true, force: true });
  await mkdir(BUNDLES, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: functionNames().map((name) => `functions/${name}.ts`),
    outdir: BUNDLES,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    conditions: condition === 'lambda' ? ['lambda'] : [],
    minify: true,
    sourcemap: 'external',
    metafile: true,
    logLevel: 'warning',
  });
  await writeFile(join(BUNDLES, 'metafile.json'), JSON.stringify(metafile));
  return metafile;
}

if (import.meta.main) {
  const { outputs } = await bundleFunctions();
  for (const [path, { bytes }] of Object.entries(outputs)) {
    if (path.endsWith('.cjs')) process.stdout.write(`${basename(path)} ${bytes} bytes\n`);
  }
}
