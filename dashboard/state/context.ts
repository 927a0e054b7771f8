/** The context of the page: the client, texts and formats that nearly every part needs. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Client } from '../api/client.ts';
import type { Format } from '../text/format.ts';
import type { Language, Translate } from '../text/types.ts';

export interface Page {
  readonly client: Client;
  readonly language: Language;
  readonly t: Translate;
  readonly format: Format;
}

export const PageContext = createContext<Page | undefined>(undefined);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('There is no page around this part.');
  return page;
}
