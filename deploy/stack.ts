/** All resources of a stage beside the functions, derived from the functions' deployments. */
import type { Deployment } from '../shared/runtime/deployment.ts';
import { alarms } from './alarms.ts';
import { bucket } from './bucket.ts';
import type { Resources } from './cfn.ts';
import { dashboard } from './cloudwatch-dashboard.ts';
import { alarmsKey } from './encryption.ts';
import { repetition, roles } from './functions.ts';
import { queues } from './queues.ts';
import { schedules } from './schedules.ts';
import { table } from './table.ts';
import { uploadsOf, uploadTriggers } from './uploads.ts';

/** @throws TypeError when no function takes the shards */
export function resources(deployments: Readonly<Record<string, Deployment>>): Resources {
  const consumer = Object.values(deployments).find(({ queue }) => queue);
  if (!consumer) throw new TypeError('No function takes the shards.');
  const uploads = uploadsOf(deployments);
  return {
    ...table(),
    ...queues(consumer, uploads.ruled),
    ...bucket(uploads.notified),
    ...uploadTriggers(uploads),
    ...schedules(deployments),
    ...roles(deployments),
    ...repetition(deployments),
    ...alarms(deployments),
    ...alarmsKey(),
    ...dashboard(deployments),
  };
}
