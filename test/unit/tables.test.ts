/** Look-ups in tables by texts: a word from outside may be `constructor`, which every object answers to. */
import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Tables by any text that stand written in a file, and each place there that reads one plainly. */
function plainReads(source: string): readonly string[] {
  const tables = source.matchAll(
    /^(?:export )?const (\w+): (?:Readonly<)?Record<string, .*> = (?:Object\.fromEntries\(|\{(?!\};))/gm,
  );
  return [...tables].flatMap(([, name]) =>
    [...source.matchAll(new RegExp(`(.*)\\b${name}\\[(?!['"\`])`, 'g'))]
      .filter(([, before]) => !before?.includes(`Object.hasOwn(${name}, `))
      .map(([line]) => line.trim()),
  );
}

it('G9: tables by any text are read with `own`, `Object.hasOwn` or as a Map', () => {
  const read = 'const CLASSES: Readonly<Record<string, string>> = {\n  a: "b",\n};\n';
  expect(plainReads(`${read}const of = CLASSES[code];`)).toEqual(['const of = CLASSES[']);
  expect(plainReads(`${read}const of = own(CLASSES, code) ?? CLASSES['a'];`)).toEqual([]);
  const files = globSync('{cli,dashboard,functions,local,shared,simulator}/**/*.{ts,tsx}');
  expect(files.length).toBeGreaterThan(300);
  const offenders = files.flatMap((file) =>
    plainReads(readFileSync(file, 'utf8')).map((line) => `${file}: ${line}`),
  );
  expect(offenders).toEqual([]);
});
