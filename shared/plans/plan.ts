/** The plan of a migration, as `plan.json`, `GET /migrations/{id}/plan` and `waybill plan --json` have it. */
import * as v from 'valibot';
import { SOURCE_KINDS } from '../manifest/sources/config.ts';
import { TARGET_KINDS } from '../manifest/target-address.ts';
import { planCountsShape } from './counts.ts';

export const ROUTES = ['cos-fetch', 'cos-batch', 'oms-prefix', 'oms-list', 'oms-url-list'] as const;

export type RouteName = (typeof ROUTES)[number];

const size = v.pipe(v.number(), v.integer(), v.minValue(0));

const counted = v.strictObject({ reason: v.string(), count: size });

const routeShape = v.strictObject({
  route: v.picklist(ROUTES),
  /** What the provider is given: requests for objects, jobs, tasks, or groups of tasks. */
  form: v.picklist(['objects', 'job', 'task', 'group']),
  available: v.boolean(),
  /** Why not. */
  unavailable: v.nullable(v.strictObject({ code: v.literal('IMPOSSIBLE'), message: v.string() })),
  /** Listed objects that the route can carry. */
  objects: size,
  /** Those that it can't, and why. */
  cannot: v.array(v.strictObject({ ...counted.entries, message: v.string() })),
  /** Best and worst case; the worst is a lower bound where sizes are unknown. */
  seconds: v.strictObject({ from: size, to: size }),
  cost: v.strictObject({
    /** Of what is known. */
    usd: v.number(),
    /** False where a price or a size is unknown. */
    isComplete: v.boolean(),
    parts: v.array(v.strictObject({ what: v.string(), usd: v.nullable(v.number()) })),
  }),
  /** What must exist before it starts. */
  needs: v.array(v.string()),
  /** What does not travel with the objects. */
  losses: v.array(v.string()),
  notes: v.array(v.string()),
});

export type PlannedRoute = v.InferOutput<typeof routeShape>;

export const migrationPlanShape = v.strictObject({
  source: v.strictObject({
    address: v.nullable(v.string()),
    kind: v.picklist([...SOURCE_KINDS, 'urls']),
    region: v.nullable(v.string()),
    access: v.picklist(['public', 'signed', 'publicUrl', 'urls']),
    /** How long a signed address is good for; null where nothing is signed. */
    signedSeconds: v.nullable(size),
  }),
  target: v.strictObject({
    kind: v.picklist(TARGET_KINDS),
    region: v.string(),
    bucket: v.string(),
    prefix: v.string(),
  }),
  counts: planCountsShape,
  /** What the list names and nothing sends. */
  excluded: v.array(counted),
  /** Keys of the list that the target has already; null where nobody looked. */
  existing: v.nullable(size),
  routes: v.array(routeShape),
  recommended: v.strictObject({ route: v.nullable(v.picklist(ROUTES)), reason: v.string() }),
  notes: v.array(v.string()),
  pricesAsOf: v.string(),
});

export type MigrationPlan = v.InferOutput<typeof migrationPlanShape>;
