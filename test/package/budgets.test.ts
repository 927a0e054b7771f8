/** The bundles stay within what a cold start may cost, and hold nothing that Lambda does not need. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { functionNames } from '../../scripts/bundle.ts';
import { loadJson } from '../fixtures/load.ts';
import { loadTimes, table } from '../fixtures/loading.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

/** To load one bundle, on the machine that tests. */
const MAX_MS = 40;
const MAX_BYTES = 500_000;
const ROUNDS = 7;

/** The bundle out of each zip. */
function unpacked(): Readonly<Record<string, string>> {
  const folder = temporaryFolder();
  return Object.fromEntries(
    functionNames().map((name) => {
      const path = `.build/functions/${name}.js`;
      const zip = readFileSync(new URL(`../../.serverless/${name}.zip`, import.meta.url));
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, unzipSync(zip)[path] ?? '');
      return [name, file];
    }),
  );
}

it('every bundle is small and loads fast', async () => {
  const loadings = await loadTimes(unpacked(), ROUNDS);
  process.stdout.write(`\nload of the bundles, median of ${ROUNDS} processes\n${table(loadings)}`);
  for (const { name, bytes, leastMs } of loadings) {
    expect(bytes, `${name}: bytes`).toBeGreaterThan(100_000);
    expect(bytes, `${name}: bytes`).toBeLessThanOrEqual(MAX_BYTES);
    // Other work on the machine only adds, so the least is what the bundle takes.
    expect(leastMs, `${name}: ms`).toBeLessThanOrEqual(MAX_MS);
  }
}, 120_000);

/** What esbuild calls with each module of CommonJS. */
const WRAP = /var ([\w$]+)=\([\w$]+,[\w$]+\)=>\(\)=>\{/;
/** Such a call; its function stands in parentheses where V8 compiles it at once. */
const MODULE = /=([\w$]+)\((\((?=\([\w$,]*\)=>|[\w$]+=>))?/g;

interface Output {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly imports: readonly { readonly path: string; readonly kind: string }[];
}

describe('what is in the bundles', () => {
  const { outputs } = loadJson('.build/bundles-lambda.json') as {
    outputs: Readonly<Record<string, Output>>;
  };
  const bundles = Object.entries(outputs).filter(([path]) => path.endsWith('.js'));
  const holding = (pattern: RegExp): readonly string[] =>
    bundles.flatMap(([path, { inputs }]) =>
      Object.keys(inputs)
        .filter((input) => pattern.test(input))
        .map((input) => `${path}: ${input}`),
    );

  it('the distributed stores, in each of them', () => {
    expect(bundles).toHaveLength(functionNames().length);
    expect(holding(/^shared\/wiring\/aws\.ts$/)).toHaveLength(functionNames().length);
  });

  it('not loaded at the start: modules of Node.js that only some calls need', () => {
    const late = /^node:(?:assert|http|zlib|fs\/promises)$/;
    const atStart = bundles.flatMap(([path, { imports }]) =>
      imports
        .filter((each) => each.kind !== 'dynamic-import' && late.test(each.path))
        .map((each) => `${path}: ${each.path}`),
    );
    expect(atStart).toEqual([]);
  });

  it('modules that V8 compiles at once, where they are called at load', () => {
    for (const [path] of bundles) {
      const code = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
      const wrap = WRAP.exec(code)?.[1];
      const modules = [...code.matchAll(MODULE)].filter(([, called]) => called === wrap);
      expect(modules.length, path).toBeGreaterThan(30);
      expect(
        modules.filter(([, , isAtOnce]) => !isAtOnce),
        path,
      ).toEqual([]);
    }
  });

  it.each([
    ['the embedded stores', /sqlite|^shared\/objects\/folder|^shared\/wiring\/embedded/],
    [
      "the vendor's SDKs or those of AWS",
      /node_modules\/(?:@aws-sdk|@smithy|aws-sdk|cos-nodejs|@huawei)/,
    ],
    [
      'what only the OpenAPI document needs',
      /to-json-schema|^shared\/api\/(?:openapi|routes\/.*examples)/,
    ],
    [
      'parts of undici that nobody reaches',
      /undici\/lib\/(?:milo\/|llhttp\/llhttp-wasm|handler\/|mock\/|cache\/)/,
    ],
    [
      'the command line, the service, simulators or tests',
      /^(?:cli|local|simulator|test|bench|deploy)\//,
    ],
  ])('not %s', (_what, pattern) => {
    expect(holding(pattern)).toEqual([]);
  });
});
