/**
 * Bundles each function into one file for Lambda: `.build/functions/<name>.js`, its source map
 * beside it (never in the zip), and esbuild's account of all bundles, `.build/bundles-<wiring>.json`.
 * The OpenAPI document is apart, `.build/functions/openapi.mjs`.
 * CommonJS, because the bundles hold packages that `require` at run time.
 */
import { readdirSync, statSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type BuildOptions,
  build,
  type Metafile,
  type OutputFile,
  type Plugin,
  transform,
} from 'esbuild';
import type { ServedRoute } from '../shared/api/routes/route.ts';

const require = createRequire(import.meta.url);

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILD = join(ROOT, '.build');
export const BUNDLES = join(BUILD, 'functions');

/** Names of all functions: the files in `functions/`. */
export const functionNames = (): readonly string[] =>
  readdirSync(join(ROOT, 'functions'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'))
    .sort();

/**
 * Parts of undici that no function reaches: HTTP/2, because `shared/lib/http.ts` speaks HTTP/1.1 alone,
 * `FormData` as a body, proxies that speak SOCKS, and a parser for processors without SIMD. With an experimental parser, which
 * undici itself leaves out where `esbuildDetection` is defined, they are two fifths of a bundle and a
 * tenth of its load. Whoever does reach one fails with its name.
 */
const LEFT_OUT =
  /^node:http2$|\/client-h2(?:\.js)?$|\/socks5-proxy-agent(?:\.js)?$|\/llhttp\/llhttp-wasm\.js$|\/web\/(?:fetch\/(?:body|formdata)(?:\.js)?|webidl)$/;
/** Asked for at load, and called by nobody. */
const CALLED = /\/(?:client-h2|socks5-proxy-agent)(?:\.js)?$/;

/**
 * Modules of Node.js that undici loads for a word each, in its place: loaded whole, they are a third of
 * what a cold start takes.
 */
const IN_PLACE: Readonly<Record<string, string>> = {
  'node:assert':
    "module.exports = (ok, message) => { if (!ok) throw new Error(message ?? 'undici: an assertion failed'); };",
  // Of HTTP headers, in bytes, as Node.js has it; no body is an IncomingMessage.
  'node:http': 'module.exports = { maxHeaderSize: 16_384, IncomingMessage: class {} };',
};

/** Its tables of methods and headers are what servers need; a client looks at these two. */
const CONSTANTS = /\/undici\/lib\/llhttp\/constants\.js$/;

const leaveOut: Plugin = {
  name: 'leave-out',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:(?:assert|http)$/ }, ({ path, importer }) =>
      importer.includes('/undici/') ? { path, namespace: 'in-place' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'in-place' }, ({ path }) => ({
      contents: IN_PLACE[path] ?? '',
    }));
    onLoad({ filter: CONSTANTS }, ({ path }) => {
      const { ERROR, TYPE } = require(path);
      return { contents: `module.exports = ${JSON.stringify({ ERROR, TYPE })};` };
    });
    onResolve({ filter: LEFT_OUT }, ({ path }) => ({ path, namespace: 'left-out' }));
    onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => {
      const fault = `throw new Error(${JSON.stringify(`${path} is left out of the bundle.`)});`;
      return { contents: CALLED.test(path) ? `module.exports = function () { ${fault} };` : fault };
    });
  },
};

/**
 * Descriptions of routes, with their examples and the shapes of answers, are read by nobody but whoever
 * asks `runs` for the OpenAPI document: it has them in a file of its own, loaded then.
 */
const describeLater: Plugin = {
  name: 'describe-later',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /\/openapi\.ts$/ }, () => ({ path: './openapi.mjs', external: true }));
    onLoad({ filter: /\/shared\/api\/routes\// }, async ({ path }) => {
      if (basename(path) === 'route.ts') return undefined;
      const described: Readonly<Record<string, ServedRoute | readonly ServedRoute[]>> =
        await import(pathToFileURL(path).href);
      const served = Object.entries(described).map(
        ([name, value]) =>
          `export const ${name} = ${JSON.stringify('route' in value ? asServed(value) : value.map(asServed))};`,
      );
      return { contents: served.join('\n') };
    });
  },
};

const asServed = ({ route, isPublic, query }: ServedRoute): ServedRoute => ({
  route,
  ...(isPublic && { isPublic }),
  ...(query !== undefined && { query: true }),
});

/**
 * A module of CommonJS: esbuild makes a function of it, which is called at load. V8 skims a function first
 * and compiles it when it is called, unless it stands in parentheses.
 */
const MODULE = /^(var [\w$]+ = [\w$]+\()(\([\w$, ]*\) => \{\n(?:(?!\}\);$).*\n)*\})\);$/gm;

/** Writes a bundle without blanks, its modules in parentheses: that spares a tenth of its load. */
async function write({ path, text }: OutputFile): Promise<void> {
  const { code, map } = await transform(text.replace(MODULE, '$1($2));'), {
    minifyWhitespace: true,
    platform: 'node',
    target: 'node24',
    sourcemap: 'external',
    sourcefile: path,
  });
  await Promise.all([writeFile(path, code), writeFile(`${path}.map`, map)]);
}

/**
 * Builds all bundles anew and answers esbuild's account of what is in them.
 * @param condition which wiring they hold: `lambda` the distributed adapters, `default` the embedded ones
 */
export async function bundleFunctions(
  condition: 'lambda' | 'default' = 'lambda',
): Promise<Metafile> {
  await rm(BUNDLES, { recursive: true, force: true });
  await mkdir(BUNDLES, { recursive: true });
  const options = {
    absWorkingDir: ROOT,
    outdir: BUNDLES,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // `write` knows modules by their blanks, and leaves them out.
    minifyIdentifiers: true,
    minifySyntax: true,
    sourcemap: 'inline',
    write: false,
    logLevel: 'warning',
  } as const satisfies BuildOptions;
  const [{ metafile, outputFiles }, openApi] = await Promise.all([
    build({
      ...options,
      entryPoints: functionNames().map((name) => `functions/${name}.ts`),
      format: 'cjs',
      define: { esbuildDetection: '1' },
      conditions: condition === 'lambda' ? ['lambda'] : [],
      metafile: true,
      plugins: [leaveOut, describeLater],
    }),
    build({
      ...options,
      entryPoints: ['shared/api/openapi.ts'],
      format: 'esm',
      outExtension: { '.js': '.mjs' },
    }),
  ]);
  await Promise.all([...outputFiles, ...openApi.outputFiles].map(write));
  // The checkout's own package is of ECMAScript modules; in a zip there is none.
  await writeFile(join(BUNDLES, 'package.json'), '{"type":"commonjs"}\n');
  await writeFile(join(BUILD, `bundles-${condition}.json`), JSON.stringify(metafile));
  return metafile;
}

if (import.meta.main) {
  await bundleFunctions();
  for (const name of functionNames()) {
    process.stdout.write(`${name}.js ${statSync(join(BUNDLES, `${name}.js`)).size} bytes\n`);
  }
}
