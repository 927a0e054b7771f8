/** The gateway in front of OMS: finds the route, authenticates the caller, injects faults. */
import { disturbed } from '../faults/disturb.ts';
import type { Faults } from '../faults/faults.ts';
import { type Answer, decode, type Wire } from '../server.ts';
import { gatewayError, gatewayRefusals, notSimulated, omsError } from './answers.ts';
import type { Refuse } from './auth.ts';
import { type OmsCall, OmsRefusal, type Route } from './route.ts';
import { oddShape } from './views.ts';

interface GatewayOptions {
  readonly routes: readonly Route[];
  readonly refuse: Refuse;
  /** Of paths that name none. */
  readonly region: string;
  readonly faults: Faults;
  readonly called: (kind: string) => void;
}

const REGION = /^\/([a-z]{2}-[a-z]+-\d{1,2})(?=\/)/;
/** Calls that OMS has and the simulator doesn't. */
const NOT_SIMULATED = [
  /^POST \/v2\/[^/]+\/(?:tasks\/batch-update|privacy-agreements)$/,
  /^[A-Z]+ \/v2\/[^/]+\/(?:sync-tasks|objectstorage)(?:\/|$)/,
  /^POST \/v1\/[^/]+\/objectstorage\/task$/,
  /^DELETE \/v1\/[^/]+\/objectstorage\/task\/[^/]+$/,
  /^GET \/v1\/[^/]+\/objectstorage\/(?:quotas|version)$/,
];
/** Of a body; the server under it breaks off at 12 MiB. */
const MAX_BODY_BYTES = 12_000_000;

/** `[/<region>]/v1/…` and `[/<region>]/v2/…`; a region in the path stands for the host of that region. */
export function createGateway(options: GatewayOptions) {
  const { routes, refuse, faults, called } = options;
  return async (wire: Wire): Promise<Answer> => {
    const path = decode(wire.rawPath);
    if (path === undefined) return gatewayError(400, '0201', 'Bad request.');
    const [, region = options.region] = REGION.exec(path) ?? [];
    const below = path.replace(REGION, '');
    const route = routes.find((known) => known.method === wire.method && known.path.test(below));
    if (!route) {
      const call = `${wire.method} ${below}`;
      if (NOT_SIMULATED.some((known) => known.test(call))) {
        return refuse(wire, below.split('/')[2] ?? '') ?? notSimulated(call);
      }
      return gatewayError(404, '0101', 'The API does not exist or has not been published.');
    }
    if (wire.body.length > MAX_BODY_BYTES) {
      return gatewayError(413, '0201', 'The request body exceeds the size limit.');
    }
    const { project: projectId = '', id = '' } = route.path.exec(below)?.groups ?? {};
    const { kind, api } = route.as(wire);
    called(kind);
    const rule = faults.strike(api, `${region}/${projectId}/${id || 'list'}`);
    const serve = (): Answer =>
      refuse(wire, projectId) ?? serveRoute(route, { region, projectId, id, wire });
    const breaksOff = rule?.kind === 'stall' || rule?.kind === 'truncate';
    return disturbed(
      rule,
      gatewayRefusals,
      breaksOff ? () => withBody(serve()) : serve,
      api === 'oms-read' ? oddShape : api === 'oms-create' ? () => '{}' : undefined,
    );
  };
}

function serveRoute(route: Route, call: OmsCall): Answer {
  try {
    return route.serve(call);
  } catch (error) {
    if (!(error instanceof OmsRefusal)) throw error;
    return omsError(
      `${error.prefix ?? route.prefix ?? 'OMS'}.${error.code}`,
      error.message,
      error.status,
    );
  }
}

/** Nothing can break off in the middle of an empty body. */
const withBody = (answer: Answer): Answer => ({ ...answer, body: answer.body ?? '{}' });
