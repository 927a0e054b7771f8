/** Both dictionaries say the same, and nothing in the page is without its text. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXPLAINED } from '../../../../dashboard/model/causes.ts';
import { createTranslate, DICTIONARIES, preferred } from '../../../../dashboard/text/translate.ts';
import { CAUSE_CLASSES } from '../../../../shared/lib/errors.ts';

const { en, zh } = DICTIONARIES;
const placeholders = (text: string): readonly string[] =>
  [...new Set([...text.matchAll(/\{(\w+)/g)].map(([, name]) => name ?? ''))].sort();

describe('dictionaries', () => {
  it('have the same keys', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
  });

  it('fill in the same values', () => {
    for (const [key, text] of Object.entries(en)) {
      // A plural alone needs no value in Chinese.
      const needed = placeholders(text.replace(/\{\w+\|[^}]*\}/g, ''));
      expect(placeholders(zh[key as keyof typeof zh]), key).toEqual(needed);
    }
  });

  it('hold no empty text, and no English where Chinese is meant', () => {
    const names = /^(?:Waybill|OMS v[12])$/;
    for (const [key, text] of Object.entries(zh)) {
      expect(text, key).not.toBe('');
      if (names.test(text) || placeholders(text).length > 0) continue;
      expect(text, key).toMatch(/[\u4e00-\u9fff]/);
    }
    for (const [key, text] of Object.entries(en)) {
      expect(text, key).not.toMatch(/[\u4e00-\u9fff]/);
    }
  });

  it('show the word of a newer service that they do not know', () => {
    expect(createTranslate('en')('run.state.constructor' as keyof typeof en)).toBe(
      'run.state.constructor',
    );
  });

  it('know every class of causes and every code that is explained', () => {
    for (const kind of CAUSE_CLASSES) expect(en).toHaveProperty([`class.${kind}.do`]);
    for (const code of EXPLAINED) expect(en).toHaveProperty([`code.${code}`]);
  });

  it('hold no text that the page does not use', () => {
    const folder = fileURLToPath(new URL('../../../../dashboard', import.meta.url));
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path) && !/^text\/(en|zh)\.ts$/.test(path))
      .map((path) => readFileSync(join(folder, path), 'utf8'))
      .join('\n');
    // Such as t(`run.state.${state}`): all that begins and ends like it counts as used.
    const patterns = [...sources.matchAll(/`([\w.-]*\$\{[^`]*)`/g)].map(([, pattern = '']) => {
      const literal = pattern.split(/\$\{[^}]*\}/).map((part) => part.replaceAll('.', '\\.'));
      return new RegExp(`^${literal.join('.+')}$`);
    });
    const unused = Object.keys(en).filter(
      (key) =>
        !sources.includes(`'${key}'`) &&
        !patterns.some((pattern) => pattern.source !== '^.+$' && pattern.test(key)),
    );
    expect(unused).toEqual([]);
  });
});

describe('a text', () => {
  const t = createTranslate('en');
  it('is filled in, numbers with separators', () => {
    expect(t('progress.ofTotal', { done: 1_234, total: 100_000 })).toBe('1,234 of 100,000');
  });
  it('chooses one or many', () => {
    expect(t('history.count', { n: 1 })).toBe('1 entry');
    expect(t('history.count', { n: 0 })).toBe('0 entries');
  });
  it('takes no value for markup or a pattern', () => {
    expect(t('run.missing.text', { id: '<b>$&{n}' })).toContain('<b>$&{n}.');
  });
});

it.each([
  [['zh-TW', 'en'], 'zh'],
  [['de-DE', 'en-US'], 'en'],
  [['de'], 'en'],
  [[], 'en'],
])('of %j it prefers %s', (wanted, found) => {
  expect(preferred(wanted)).toBe(found);
});
