/** What went wrong at PostgreSQL, in one sentence each, and whether it passes by itself. */
import { StoreError, WaybillError } from '../../lib/errors.ts';

interface Fault {
  /** SQLSTATE, or the code of a system error. */
  readonly code: string;
  readonly message: string;
}

function faultOf(error: unknown): Fault {
  // Node tries all addresses of a name, and collects what each of them said.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const { code = '', message = String(first) } = (first ?? {}) as Partial<Fault>;
  return { code: String(code), message };
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const GONE = /^(08\w{3}|57P0[1235]|25006|25P03|E[A-Z_]+)$/;

/** pg's own errors have no code. */
const GONE_TEXT =
  /Connection terminated|Client was closed|timeout exceeded|timeout expired|Query read timeout|recovery is in progress|not queryable/;

/** Serialization failure, deadlock, too many connections, out of room. */
const PASSING = /^(40001|40P01|53300|55P03)$/;

/** The connection, or the server behind it, is of no use any more. */
export const isGone = (error: unknown): boolean => {
  const { code, message } = faultOf(error);
  return GONE.test(code) || GONE_TEXT.test(message);
};

/** The same may succeed on another connection in a moment. */
export const isPassing = (error: unknown): boolean =>
  isGone(error) || PASSING.test(faultOf(error).code);

/** A pool between us and the server gives each transaction another session. */
export const isUnprepared = (error: unknown): boolean =>
  ['26000', '42P05'].includes(faultOf(error).code);

export const codeOf = (error: unknown): string => faultOf(error).code;

export const READ_ONLY = '25006';
export const NO_RIGHT = '42501';

/** Of errors that are told in our own words. */
const SENTENCES = new Map<string, (role: string) => string>(
  Object.entries({
    ECONNREFUSED: () => 'does not answer: nothing listens there',
    ENOTFOUND: () => 'does not answer: its host name is not known',
    EAI_AGAIN: () => 'does not answer: its host name could not be looked up',
    ETIMEDOUT: () => 'does not answer: the connection timed out',
    '28P01': (role: string) => `refused the password of the role ${role}`,
    '28000': (role: string) => `does not let the role ${role} in from this machine (pg_hba.conf)`,
    '3D000': () => 'has no such database',
    '25006': () => 'is read-only: it is a replica, or is being replaced; name the primary',
    '53100': () => 'could not write: its disk is full',
    '53300': () => 'has no connection left for this role or database (max_connections)',
    '57P01': () => 'ended the connection',
    '57P03': () => 'is starting up or shutting down',
  }),
);

const TLS = /CERT|SIGNATURE|SELF_SIGNED/;

const HINT = 'docs/postgresql.md lists the rights that it needs';

/** @param name of the database @param role that we are */
export function toStoreError(error: unknown, name: string, role: string): Error {
  if (error instanceof WaybillError) return error;
  const { code, message } = faultOf(error);
  const sentence = SENTENCES.get(code)?.(role) ?? sentenceOf(code, message, role);
  return new StoreError(`PostgreSQL at ${name} ${sentence}.`, error);
}

function sentenceOf(code: string, message: string, role: string): string {
  const said = message.replace(/\.$/, '');
  if (code === NO_RIGHT) return `refused the role ${role} (${said}); ${HINT}`;
  if (/does not support SSL/.test(said)) {
    return 'offers no TLS; turn it on there, or add ?sslmode=disable in a network that you trust';
  }
  if (TLS.test(code)) {
    return `has a certificate that can't be checked (${said}); name its authority with sslrootcert`;
  }
  if (/timeout/.test(said)) return 'does not answer: the connection timed out';
  if (isGone({ code, message })) return `broke the connection (${said})`;
  return `failed: ${said}`;
}
