/** Descriptions of the routes of a run's reports. */
import type * as v from 'valibot';
import { certificateShape } from '../certificate-responses.ts';
import { summaryShape } from '../responses.ts';
import {
  certificateExample,
  differentExample,
  extraExample,
  missingExample,
  undecidedExample,
} from './certificate-examples.ts';
import { failedExample, rejectedExample, restExample, summaryExample } from './examples.ts';
import type { RouteDescription } from './route.ts';

const report = <Name extends string>(
  name: Name,
  type: v.GenericSchema | string,
  answer: unknown,
): RouteDescription<`GET /runs/{runId}/${Name}`> => ({
  tag: 'reports',
  route: `GET /runs/{runId}/${name}`,
  id: `get${name.replace(/(?:^|\.)(\w)/g, (_all, first: string) => first.toUpperCase())}`,
  summary: `The report ${name} of a run, as far as it is known`,
  answers: { 200: type },
  answer,
  mayRedirect: true,
  problems: [404],
});

export const REPORT_ROUTES = [
  report('failed.csv', 'text/csv', failedExample),
  report('rejected.csv', 'text/csv', rejectedExample),
  report('rest.csv', 'text/csv', restExample),
  report('summary.json', summaryShape, summaryExample),
  report('missing.csv', 'text/csv', missingExample),
  report('different.csv', 'text/csv', differentExample),
  report('undecided.csv', 'text/csv', undecidedExample),
  report('extra.csv', 'text/csv', extraExample),
  report('certificate.json', certificateShape, certificateExample),
] as const satisfies readonly RouteDescription[];
