/**
 * Reads one byte of an object by the address that a provider would be given, and says why it can't be
 * read. A GET, because an address is signed for that method alone.
 */
import { InputError, SourceKeysError, TransportError } from '../lib/errors.ts';
import type { Fetch } from '../lib/http.ts';
import { refusalOf } from '../lib/s3/errors.ts';
import type { SourceConfig } from '../manifest/sources/config.ts';
import {
  DOMAIN_CODES,
  EARLY,
  KEY_CODES,
  otherRegion,
  REGION_CODES,
  SIGNATURE_CODES,
} from '../manifest/sources/refusal-words.ts';
import type { Sources } from '../manifest/sources/sources.ts';

interface ProbeFinding {
  readonly code: string;
  /** What is wrong, and what to do. */
  readonly message: string;
}

interface ProbeOptions {
  readonly sources: Pick<Sources, 'sent' | 'sourceOf'>;
  readonly fetch: Fetch;
}

/** @param url as a manifest has it. @returns undefined when the object can be read */
export async function probeUrl(
  url: string,
  { sources, fetch }: ProbeOptions,
): Promise<ProbeFinding | undefined> {
  const source = sources.sourceOf(url);
  try {
    const given = await sources.sent(url);
    const sent = /^https?:\/\//i.test(given) ? given : `http://${given}`;
    const refused = await readByte(sent, fetch);
    if (refused === undefined) return undefined;
    const isHttp = /^http:/i.test(sent);
    if (isHttp && refused.status === 403 && (await isReadByHttps(sent, fetch))) {
      return { code: 'SOURCE_HTTP', message: HTTP_REFUSED };
    }
    return explain(refused, source);
  } catch (error) {
    if (error instanceof SourceKeysError || error instanceof InputError) {
      return { code: error.code, message: error.message };
    }
    if (!(error instanceof TransportError)) throw error;
    const message = `${error.message}. Check the endpoint of the source and the network.`;
    return { code: 'SOURCE_UNREACHABLE', message };
  }
}

const HTTP_REFUSED =
  'The source refuses http (a bucket policy with aws:SecureTransport does that), and COS downloads over http only. Set publicUrl of the source to a CDN or a domain that serves http, or move to OBS by OMS, which reads with keys.';

interface Refused {
  readonly status: number;
  /** Code and message. */
  readonly told: string;
}

/** @throws TransportError */
async function readByte(url: string, fetch: Fetch): Promise<Refused | undefined> {
  const [, scheme = '', host = '', rest = ''] =
    /^(https?:\/\/)(?:[^/?#@]*@)?([^/?#]*)([^#]*)/i.exec(url) ?? [];
  const answer = await fetch({
    method: 'GET',
    origin: scheme + host,
    path: '/',
    encodedPath: rest.startsWith('/') ? rest : `/${rest}`,
    query: [],
    headers: { range: 'bytes=0-0' },
    body: '',
  });
  const { status } = answer;
  // 416 is the answer for an empty object.
  if (status === 200 || status === 206 || status === 416) {
    // A source that ignores the range sends it all: one part is enough.
    for await (const _ of answer.body) break;
    return undefined;
  }
  const { exception, message } = await refusalOf(answer, 'GET');
  return { status, told: `${exception} ${message}` };
}

/** The same signature is good for both, because the scheme is not signed. */
const isReadByHttps = async (sent: string, fetch: Fetch): Promise<boolean> => {
  const refused = await readByte(sent.replace(/^http:/i, 'https:'), fetch).catch(() => null);
  return refused === undefined;
};

function explain({ status, told }: Refused, source: SourceConfig | undefined): ProbeFinding {
  const found = source && source.publicUrl === undefined ? ofBucket(told, source) : undefined;
  if (found) return found;
  const where = source === undefined ? 'the URL' : `publicUrl or bucket of source "${source.name}"`;
  if (status === 404) {
    const message = 'The object is missing (404). Check the address, and list the source again.';
    return { code: 'SOURCE_MISSING', message };
  }
  if (status >= 300 && status < 400) {
    const message = `The source redirects (${status}), and providers may not follow. Use the final address.`;
    return { code: 'SOURCE_REDIRECTS', message };
  }
  if (status === 429 || status >= 500) {
    return { code: 'SOURCE_BUSY', message: `The source answered ${status}. Try again later.` };
  }
  return { code: 'SOURCE_REFUSED', message: `The source answered ${status}. Check ${where}.` };
}

/** Refusals of a bucket that is read by its own address. */
function ofBucket(told: string, source: SourceConfig): ProbeFinding | undefined {
  const { bucket, credentials, name, region } = source;
  if (DOMAIN_CODES.test(told)) {
    const message = `The store of source "${name}" serves this object through a custom domain only. Set publicUrl of the source.`;
    return { code: 'SOURCE_DOMAIN', message };
  }
  if (REGION_CODES.test(told)) {
    const other = otherRegion(told);
    const place = other === undefined ? 'in a different region' : `in ${other}`;
    const message = `Bucket ${bucket} of source "${name}" is ${place}, not in ${region}. Correct its region.`;
    return { code: 'REGION', message };
  }
  const keyCode = KEY_CODES.exec(told)?.[0];
  if (keyCode !== undefined) {
    const message = `The source refused the keys of credential set "${credentials}" (${keyCode}). Renew them.`;
    return { code: keyCode, message };
  }
  if (EARLY.test(told)) {
    const message = `Source "${name}" refuses the time of the signature. Check the clock of this machine.`;
    return { code: 'SOURCE_ADDRESS_EARLY', message };
  }
  if (SIGNATURE_CODES.test(told)) {
    const message = `Source "${name}" refused the signature. Check secretAccessKey of credential set "${credentials}", and region and endpoint of the source.`;
    return { code: 'SOURCE_REFUSED', message };
  }
  if (!/\b(?:403|AccessDenied|Forbidden)\b/.test(told)) return undefined;
  const message =
    credentials === undefined
      ? `Source "${name}" refused anonymous access. Make the objects public, or name credentials in the source.`
      : `Source "${name}" refused the keys of set "${credentials}". Allow them to read the objects (s3:GetObject).`;
  return { code: 'SOURCE_REFUSED', message };
}
