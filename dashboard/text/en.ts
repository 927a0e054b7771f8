/** English texts. `zh.ts` holds the same keys. */
import { causes } from './en/causes.ts';
import { migrations } from './en/migrations.ts';
import { runs } from './en/runs.ts';
import { service } from './en/service.ts';
import { shell } from './en/shell.ts';
import { start } from './en/start.ts';
import { transfers } from './en/transfers.ts';

export const en = {
  ...shell,
  ...runs,
  ...causes,
  ...transfers,
  ...migrations,
  ...service,
  ...start,
} as const;
