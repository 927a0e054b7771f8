/** The list of all routes of the HTTP API, from which the OpenAPI document is generated. */
import type { RouteDescription } from './route.ts';
import { READ } from './runs.ts';
import { SERVICE } from './service.ts';
import { START } from './start.ts';

export type { RouteDescription } from './route.ts';

export const ROUTES: readonly RouteDescription[] = [...START, ...READ, ...SERVICE];
