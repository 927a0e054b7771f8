/**
 * Fetches and caches IAM tokens: `POST /v3/auth/tokens` by password, scoped to a project.
 * https://support.huaweicloud.com/api-iam/iam_30_0001.html (OMS reference, section 1.2)
 */
import { createClock, type ProviderClock } from '../../lib/clock.ts';
import { ReplyError } from '../../lib/errors.ts';
import type { Send } from '../../lib/http.ts';
import { isRecord, parseRecord, scalarText } from '../../lib/values.ts';
import type { TokenSource } from './auth.ts';
import { hideSecrets, huaweiError } from './errors.ts';

export interface IamUser {
  readonly name: string;
  readonly password: string;
  /** Name of the account the user belongs to. */
  readonly domain: string;
}

interface TokenSourceOptions {
  /** With `{region}`: `https://iam.{region}.myhuaweicloud.com`. */
  readonly endpoint: string;
  readonly user: IamUser;
  readonly send: Send;
  /** Ours, which judges the age of tokens. */
  readonly now?: () => Date;
  readonly clock?: ProviderClock;
}

interface Token {
  readonly text: string;
  /** By our clock. */
  readonly expiresAt: number;
}

/** Renewed so long before it ends. */
const MARGIN_MS = 10 * 60_000;

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { endpoint, user, send, now = () => new Date(), clock = createClock({ now }) } = options;
  const tokens = new Map<string, Token>();
  const fetching = new Map<string, Promise<Token>>();

  const fetchToken = async (region: string, projectId: string): Promise<Token> => {
    const at = clock.now();
    const { origin, pathname } = new URL(endpoint.replaceAll('{region}', region));
    const answer = await send({
      method: 'POST',
      origin,
      path: `${pathname.replace(/\/$/, '')}/v3/auth/tokens`,
      query: [['nocatalog', 'true']],
      headers: { 'content-type': 'application/json;charset=utf8' },
      body: tokenRequest(user, projectId),
    });
    if (answer.status < 200 || answer.status > 299) {
      const shown = hideSecrets(answer.body, [user.password]);
      throw huaweiError({ ...answer, body: shown }, 'asking for a token', { clock, at });
    }
    const text = answer.headers['x-subject-token'];
    const expiresAt = clock.ours(new Date(expiryOf(answer.body)), answer.headers).getTime();
    if (text === undefined || text === '' || Number.isNaN(expiresAt)) {
      throw new ReplyError('The answer to the token request has no X-Subject-Token or expires_at.');
    }
    return { text, expiresAt };
  };

  return {
    async token(region, projectId) {
      const key = `${region}/${projectId}`;
      const known = tokens.get(key);
      if (known && known.expiresAt - MARGIN_MS > now().getTime()) return known.text;
      let pending = fetching.get(key);
      if (!pending) {
        pending = fetchToken(region, projectId).finally(() => fetching.delete(key));
        fetching.set(key, pending);
      }
      const token = await pending;
      tokens.set(key, token);
      return token.text;
    },
    forget(region, projectId, token) {
      const key = `${region}/${projectId}`;
      if (tokens.get(key)?.text === token) tokens.delete(key);
    },
  };
}

/** The body of the page's example for a password and a project. */
const tokenRequest = ({ name, password, domain }: IamUser, projectId: string): string =>
  JSON.stringify({
    auth: {
      identity: {
        methods: ['password'],
        password: { user: { name, password, domain: { name: domain } } },
      },
      scope: { project: { id: projectId } },
    },
  });

function expiryOf(body: string): string {
  const token = parseRecord(body)?.['token'];
  return isRecord(token) ? scalarText(token['expires_at']) : '';
}
