/** Every route of the HTTP API; the OpenAPI document is made of it. */
import type { RouteDescription } from './route.ts';
import { READ } from './runs.ts';
import { SERVICE } from './service.ts';
import { START } from './start.ts';

export type { RouteDescription } from './route.ts';

export const ROUTES: readonly RouteDescription[] = [...START, ...READ, ...SERVICE];
