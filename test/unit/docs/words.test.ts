/** Keeps phrases that read as translated out of the pages and of every message that users see. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pages, proseOf, ROOT, readPage } from '../../fixtures/pages-of-docs.ts';

/** What to avoid, and what to write instead. */
const AVOIDED: Readonly<Record<string, RegExp>> = {
  fix: /\bmend(?:s|ed|ing)?\b/i,
  'request, poll': /\basked for\b/i,
  'automatically, alone': /\bby (?:it|them)sel(?:f|ves)\b/i,
  'notify, show, name': /\btold\b/i,
  different: /\banother one(?=[.,;:!?)]|$)/im,
  'running, in progress': /\bunder way\b/i,
  'fail, find nothing': /\b(?:comes? to nothing|leads? nowhere)\b/i,
  'too many': /\bone too many\b/i,
  'no callback, no news': /\bheard of\b/i,
  'wait for': /\bawaited\b/i,
  anyway: /\ball the same\b/i,
  'has no, does not know': /\bknows? no\b/i,
  missing: /\bthere (?:is|are|was|were) none\b/i,
  'show, name, mean': /\btells? (?:of|no|whether|what|how|why|which)\b/i,
  request: /\bwish(?:es|ed)?\b/i,
  'except for': /\bbut for\b/i,
  again: /\banew\b/i,
  'is in, is under': /\b(?:lies?|stands?|stood) (?:in (?!for)|under|below|beside|behind)\b/i,
};

/** Phrases in the text, each with what to write instead. */
const found = (text: string): readonly string[] =>
  Object.entries(AVOIDED).flatMap(([instead, phrase]) => {
    const at = phrase.exec(text);
    return at
      ? [
          `"${at[0]}" (write: ${instead}) in: ${text.slice(Math.max(0, at.index - 60), at.index + 60)}`,
        ]
      : [];
  });

const LITERAL = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;

/** Texts in quotes, without comments and what is put into them. */
const textsOf = (source: string): readonly string[] =>
  (source.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/ .*/g, '').match(LITERAL) ?? []).map((text) =>
    text.slice(1, -1).replace(/\$\{[^}]*\}/g, '…'),
  );

const sourcesOf = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => `${folder}/${path}`);

it.each(pages())('%s uses plain words', (page) => {
  const prose = proseOf(readPage(page)).replace(/`[^`\n]*`/g, 'code');
  expect(prose.split(/\n(?=\n|\||[*-] )/).flatMap(found)).toEqual([]);
});

/** Names of notes in ledgers that exist, which no user reads. */
const NAMES = new Set(['told key …']);

const FOLDERS = ['shared', 'cli', 'local', 'functions', 'dashboard', 'simulator', 'deploy'];

it.each(FOLDERS)('messages of %s use plain words', (folder) => {
  const wrong = sourcesOf(folder).flatMap((file) =>
    textsOf(readPage(file))
      .filter((text) => !NAMES.has(text))
      .flatMap(found)
      .map((phrase) => `${file}: ${phrase}`),
  );
  expect(wrong).toEqual([]);
});

it('finds what to avoid', () => {
  expect(found('Mend it, then ask for\nanother one.')).toHaveLength(2);
  expect(found('Fix the file. Another one is fine, it stands in for it.')).toEqual([]);
  const source = `// told\nconst told = 'a' + \`b \${told} c\`; /* told */`;
  expect(textsOf(source)).toEqual(['a', 'b … c']);
});
