/** Words of the texts: languages, keys, and what fills a text in. */
import type { en } from './en.ts';

export type Language = 'en' | 'zh';
export type TextKey = keyof typeof en;
export type Values = Readonly<Record<string, string | number>>;

/**
 * `{name}` is filled in, numbers with their separators; `{name|one|many}` chooses by the number.
 * @example t('transfers.count', { n: 3 })
 */
export type Translate = (key: TextKey, values?: Values) => string;
