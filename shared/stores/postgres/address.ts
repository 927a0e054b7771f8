/**
 * The address of a PostgreSQL database: `postgres://role:password@host:port/database?sslmode=…`.
 * What goes wrong with it is told without it, as it holds a password.
 */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

export interface PostgresAddress {
  /** For people. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly ssl: ConnectionOptions | false;
}

const ADDRESS_EXPECTED = 'expected postgres://<role>:<password>@<host>:<port>/<database>';

const MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof MODES)[number];

const PARAMETERS = ['sslmode', 'sslrootcert'];

/** @param place behind `postgres:` @returns a sentence when it is none */
export function parseAddress(place: string): PostgresAddress | string {
  const url = parseUrl(`postgres:${place}`);
  const user = url && decode(url.username);
  const database = url && decode(url.pathname.slice(1));
  if (!url?.hostname || !user || !database) return ADDRESS_EXPECTED;
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) return `expected no parameter but ${PARAMETERS.join(' and ')}`;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const mode = url.searchParams.get('sslmode') ?? (isLoopback(host) ? 'disable' : 'verify-full');
  if (!isMode(mode)) return `expected sslmode to be one of ${MODES.join(', ')}`;
  const ssl = tlsOf(mode, url.searchParams.get('sslrootcert'));
  if (typeof ssl === 'string') return ssl;
  const port = Number(url.port || 5432);
  const password = decode(url.password) || undefined;
  return { name: `${url.hostname}:${port}/${database}`, host, port, user, password, database, ssl };
}

/** Nobody listens on the way to this machine itself; any other server proves who it is. */
const isLoopback = (host: string): boolean => /^(localhost|127\.[\d.]+|::1)$/.test(host);

const isMode = (mode: string): mode is Mode => (MODES as readonly string[]).includes(mode);

/** As libpq takes these words: https://www.postgresql.org/docs/current/libpq-ssl.html */
function tlsOf(mode: Mode, rootFile: string | null): ConnectionOptions | false | string {
  if (mode === 'disable') return false;
  if (mode === 'require') return { rejectUnauthorized: false };
  const hosts = mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {};
  if (rootFile === null) return { ...hosts };
  try {
    return { ...hosts, ca: readFileSync(rootFile, 'utf8') };
  } catch {
    return `expected sslrootcert to be a file that can be read`;
  }
}

const parseUrl = (text: string): URL | undefined => URL.parse(text) ?? undefined;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
