/** The dashboard in the npm package, where it is already built; replaces `local/dashboard.ts`. */
import { fileURLToPath } from 'node:url';
import type * as checkout from '../../local/dashboard.ts';

export const dashboardFolder: typeof checkout.dashboardFolder = () =>
  fileURLToPath(new URL('../dashboard', import.meta.url));

export const withDashboard: typeof checkout.withDashboard = (handler) => handler;
