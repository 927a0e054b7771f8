/** Every route of the HTTP API; the OpenAPI document is made of it. */
import { READ } from './routes/read.ts';
import { SERVICE } from './routes/service.ts';
import { START } from './routes/start.ts';
import type { RouteDescription } from './routes/types.ts';

export type { RouteDescription } from './routes/types.ts';

export const ROUTES: readonly RouteDescription[] = [...START, ...READ, ...SERVICE];
