/** IAM: a token for a user's password. https://support.huaweicloud.com/api-iam/iam_30_0001.html */
import { createHash, randomBytes } from 'node:crypto';
import { disturbed } from '../faults/disturb.ts';
import type { Faults } from '../faults/faults.ts';
import type { Answer, Wire } from '../server.ts';
import { iamError, iamRefusals, json } from './answers.ts';
import { createLock } from './lock.ts';

export interface IamUser {
  readonly name: string;
  readonly password: string;
  readonly domain: string;
}

export interface Tokens {
  /** Undefined when nobody issued it or its time is over. */
  find(token: string): { readonly projectId: string } | undefined;
}

interface IamOptions {
  readonly user: IamUser;
  /** Projects of the user; the region's name stands for the first. */
  readonly projects: readonly string[];
  readonly region: string;
  readonly tokenSeconds: number;
  readonly faults: Faults;
  readonly now: () => Date;
  readonly stats: { tokens: number; called(kind: string): void };
}

interface Iam {
  readonly tokens: Tokens;
  handle(wire: Wire): Promise<Answer>;
}

const FAILURES = 5;
const LOCKED_MS = 900_000;
const CONTENT_TYPE = /^application\/json(;\s*charset=utf-?8)?$/i;

export function createIam(options: IamOptions): Iam {
  const { user, projects, region, tokenSeconds, faults, now, stats } = options;
  const issued = new Map<string, { projectId: string; expiresAt: number }>();
  const lock = createLock(FAILURES, LOCKED_MS, now);

  const serve = (wire: Wire): Answer => {
    if (!CONTENT_TYPE.test(wire.headers['content-type'] ?? '')) {
      return badRequest('Content-Type must be application/json;charset=utf8.');
    }
    const asked = parse(wire.body);
    if (typeof asked === 'string') return badRequest(asked);
    const { name, password, domain } = asked;
    if (lock.isLocked(name)) return unauthorized('The account is locked, try again later.');
    if (name !== user.name || password !== user.password || domain !== user.domain) {
      lock.failed(name);
      return unauthorized('The username or password is wrong.');
    }
    lock.passed(name);
    const isNamed = asked.projectId === undefined && asked.projectName === region;
    const projectId = isNamed ? projects[0] : projects.find((id) => id === asked.projectId);
    if (projectId === undefined) {
      const project = asked.projectId ?? asked.projectName;
      return iamError(404, 'Not Found', `Could not find project: ${project}.`);
    }
    const issuedAt = now().getTime();
    const expiresAt = issuedAt + tokenSeconds * 1_000;
    // Real ones start like this: the DER of a signed message in base64.
    const token = `MII${randomBytes(600).toString('base64')}`;
    issued.set(token, { projectId, expiresAt });
    stats.tokens += 1;
    const project = { id: projectId, name: asked.projectName ?? region };
    const isBare = /(^|&)nocatalog=true(&|$)/.test(wire.rawQuery);
    const times = { expires_at: microseconds(expiresAt), issued_at: microseconds(issuedAt) };
    const catalog = isBare ? [] : CATALOG;
    const answer = json(201, { token: { ...times, catalog, ...tokenOf(user, project) } });
    return { ...answer, headers: { ...answer.headers, 'x-subject-token': token } };
  };

  return {
    tokens: {
      find(token) {
        const found = issued.get(token);
        return found && found.expiresAt > now().getTime() ? found : undefined;
      },
    },
    async handle(wire) {
      if (wire.rawPath !== '/v3/auth/tokens') {
        return iamError(501, 'Not Implemented', 'Only POST of /v3/auth/tokens is simulated.');
      }
      if (wire.method !== 'POST') {
        return iamError(405, 'Method Not Allowed', 'The method is not allowed here.');
      }
      stats.called('iam token');
      const asked = parse(wire.body);
      const rule = faults.strike('iam', typeof asked === 'string' ? '' : asked.name);
      return disturbed(rule, iamRefusals, () => serve(wire));
    },
  };
}

interface Asked {
  readonly name: string;
  readonly password: string;
  readonly domain: string;
  readonly projectId: string | undefined;
  readonly projectName: string | undefined;
}

/** What is asked for, or what is wrong with the body. */
function parse(body: Buffer): Asked | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return 'The request body is not JSON in UTF-8.';
  }
  const { identity, scope } = fields(fields(parsed)['auth']);
  const { methods, password: method } = fields(identity);
  if (!Array.isArray(methods) || methods.length !== 1 || methods[0] !== 'password') {
    return 'auth.identity.methods must be ["password"].';
  }
  const { name, password, domain } = fields(fields(method)['user']);
  const { name: domainName } = fields(domain);
  for (const [path, value] of Object.entries({ name, password, 'domain.name': domainName })) {
    if (typeof value !== 'string' || value === '') {
      return `auth.identity.password.user.${path} is required.`;
    }
  }
  const { project } = fields(scope);
  const { id, name: projectName } = fields(project);
  if (typeof id !== 'string' && typeof projectName !== 'string') {
    return 'auth.scope.project needs an id or a name.';
  }
  return {
    name: name as string,
    password: password as string,
    domain: domainName as string,
    projectId: typeof id === 'string' ? id : undefined,
    projectName: typeof projectName === 'string' ? projectName : undefined,
  };
}

const fields = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const badRequest = (message: string) => iamError(400, 'Bad Request', message);
const unauthorized = (message: string) => iamError(401, 'Unauthorized', message);

const microseconds = (at: number): string => new Date(at).toISOString().replace('Z', '000Z');
const hexOf = (name: string): string => createHash('md5').update(name).digest('hex');

/** What the body tells of a token besides its times. */
function tokenOf({ name, domain }: IamUser, project: { id: string; name: string }) {
  const domainOf = { id: hexOf(domain), name: domain };
  return {
    methods: ['password'],
    roles: [{ id: '0', name: 'te_admin' }],
    project: { ...project, domain: domainOf },
    user: { id: hexOf(name), name, domain: domainOf, password_expires_at: '' },
  };
}

const CATALOG = [
  {
    id: hexOf('oms'),
    name: 'oms',
    type: 'oms',
    endpoints: [{ id: hexOf('oms-endpoint'), interface: 'public', region: '*' }],
  },
];
