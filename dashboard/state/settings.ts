/** The settings, language and colours: the browser's preference until the person chooses. */

import { isLanguage, preferred } from '../text/translate.ts';
import type { Language } from '../text/types.ts';
import { createStore } from './store.ts';

export type Theme = 'system' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

const read = (name: string): string | null => {
  try {
    return localStorage.getItem(`waybill.${name}`);
  } catch {
    return null;
  }
};

const write = (name: string, value: string): void => {
  try {
    localStorage.setItem(`waybill.${name}`, value);
  } catch {
    // Chosen for this page alone.
  }
};

const chosenLanguage = read('language');
export const language = createStore<Language>(
  isLanguage(chosenLanguage) ? chosenLanguage : preferred(navigator.languages),
);
export const theme = createStore<Theme>(
  THEMES.find((known) => known === read('theme')) ?? 'system',
);

export function chooseLanguage(chosen: Language): void {
  write('language', chosen);
  language.set(chosen);
}

export function chooseTheme(chosen: Theme): void {
  write('theme', chosen);
  theme.set(chosen);
}

/** Puts both on the document, now and when they change. */
export function applySettings(root: HTMLElement): void {
  const apply = () => {
    root.lang = language.get() === 'zh' ? 'zh-CN' : 'en';
    if (theme.get() === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = theme.get();
  };
  apply();
  language.subscribe(apply);
  theme.subscribe(apply);
}
