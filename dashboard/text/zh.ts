/** Texts in simplified Chinese, with the same keys as `en.ts`. */

import type { TextKey } from './types.ts';
import { causes } from './zh/causes.ts';
import { migrations } from './zh/migrations.ts';
import { runs } from './zh/runs.ts';
import { service } from './zh/service.ts';
import { shell } from './zh/shell.ts';
import { start } from './zh/start.ts';
import { transfers } from './zh/transfers.ts';

export const zh: Readonly<Record<TextKey, string>> = {
  ...shell,
  ...runs,
  ...causes,
  ...transfers,
  ...migrations,
  ...service,
  ...start,
};
