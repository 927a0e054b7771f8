/**
 * Maps the lines of a stack trace from Lambda back to the sources: `npm run unmap < trace`. The
 * maps lie beside the bundles of the last `npm run package`, so package the deployed commit first:
 * the same sources give the same bundles.
 */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { BUNDLES, functionNames } from './bundle.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** `…/.build/functions/sweep.js:12:3456`, whatever stands before it. */
const PLACE = /[^\s()]*\.build\/functions\/([a-z0-9-]+)\.js:(\d+):(\d+)/g;

/** @param mapOf the parsed source map of a function; undefined when there is none */
export function unmap(
  trace: string,
  mapOf: (name: string) => SourceMap | undefined = readMap,
): string {
  return trace.replaceAll(PLACE, (place, name: string, line: string, column: string) => {
    const entry = mapOf(name)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!entry || !('originalSource' in entry)) return place;
    const file = relative(ROOT, resolve(BUNDLES, entry.originalSource));
    return `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

function readMap(name: string): SourceMap | undefined {
  if (!functionNames().includes(name)) return undefined;
  return new SourceMap(JSON.parse(readFileSync(join(BUNDLES, `${name}.js.map`), 'utf8')));
}

if (import.meta.main) process.stdout.write(unmap(await text(process.stdin)));
