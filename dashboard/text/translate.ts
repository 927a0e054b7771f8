/** Texts by key, in two languages, with numbers filled in. */
import { en } from './en.ts';
import { createFormat } from './format.ts';
import type { Language, TextKey, Translate } from './types.ts';
import { zh } from './zh.ts';

const LANGUAGES: readonly Language[] = ['en', 'zh'];

export const DICTIONARIES: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = {
  en,
  zh,
};

export function createTranslate(language: Language): Translate {
  const dictionary = DICTIONARIES[language];
  const format = createFormat(language);
  return (key, values = {}) =>
    // The word itself where a newer service has one that no dictionary knows.
    (dictionary[key] ?? key).replace(
      /\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g,
      (_whole, name: string, one: string | undefined, many: string | undefined) => {
        const value = Object.hasOwn(values, name) ? values[name] : undefined;
        if (value === undefined) return '';
        if (one !== undefined && many !== undefined) return value === 1 ? one : many;
        return typeof value === 'number' ? format.count(value) : value;
      },
    );
}

/** The first of the browser's languages that there is a dictionary for. */
export const preferred = (wanted: readonly string[]): Language =>
  wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';

export const isLanguage = (value: unknown): value is Language =>
  LANGUAGES.some((known) => known === value);
