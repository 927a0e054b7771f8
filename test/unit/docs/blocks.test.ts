/** What readers copy: shell blocks parse, JSON is JSON, and commands have the options they are shown with. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { createProgram } from '../../../cli/program.ts';
import { blocksOf, pages, readPage } from '../../fixtures/pages-of-docs.ts';

const { stdin, stdout, stderr } = process;
const program = createProgram({ env: {}, stdin, stdout, stderr, exitsWith: () => {} });

/** Each `npx waybill …` of a page, to the end of its line or of its code. */
const commandsOf = (page: string): readonly string[] =>
  [...page.matchAll(/npx waybill ((?:\\\n|[^`\n|&;)])+)/g)].map(([, given = '']) =>
    given.replace(/\s*\\?\n\s*/g, ' ').trim(),
  );

/** What the command line would not take, or undefined. */
function refusal(given: string): string | undefined {
  const [name = '', ...words] = given.split(/\s+/);
  if (!/^[a-z]+$/.test(name)) return undefined;
  const first = program.commands.find((known) => known.name() === name);
  if (!first) return `${given}: there is no command ${name}`;
  const command = first.commands.find((known) => known.name() === words[0]) ?? first;
  const options = words.filter((word) => /^--[a-z]/.test(word)).map((word) => word.split('=')[0]);
  const known = [...command.options, ...program.options].flatMap(({ long }) => long ?? []);
  const unknown = options.filter((word) => !['--help', ...known].includes(word ?? ''));
  return unknown.length === 0 ? undefined : `${given}: ${name} has no ${unknown.join(', ')}`;
}

it.each(pages())('the blocks of %s can be copied', (page) => {
  const text = readPage(page);
  for (const { info, text: code, line } of blocksOf(text)) {
    if (info === 'json') expect(() => JSON.parse(code), `${page}:${line}`).not.toThrow();
    if (!/^(?:sh|bash)\b/.test(info)) continue;
    const { stderr: said } = spawnSync('bash', ['-n', '-c', code], { encoding: 'utf8' });
    expect(said, `${page}:${line}`).toBe('');
  }
});

it.each(pages())('the commands of %s are those of the command line', (page) => {
  const given = commandsOf(readPage(page));
  expect(given.map(refusal).filter((found) => found !== undefined)).toEqual([]);
});

it('finds what is wrong', () => {
  expect(commandsOf('a `npx waybill runs` b\nnpx waybill show x \\\n  --watch | cat')).toEqual([
    'runs',
    'show x --watch',
  ]);
  expect(refusal('fly')).toBe('fly: there is no command fly');
  expect(refusal('runs --fast')).toBe('runs --fast: runs has no --fast');
});

it('the first screen of the README leads to the demo and the tests', () => {
  const [demo, tests] = blocksOf(readPage('README.md'));
  expect([demo?.text, tests?.text]).toEqual(['npm ci && npm run demo\n', 'npm ci && npm test\n']);
  expect(tests?.line).toBeLessThan(25);
});
