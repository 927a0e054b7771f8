/** The steps of a signature as text, with the first difference from what the provider computed. */
import { encodeRfc3986 } from '../../shared/lib/encoding.ts';
import { redact } from '../../shared/lib/redact.ts';
import type {
  Comparison,
  Difference,
  SigningProvider,
  Steps,
} from '../../shared/signing/explain.ts';

const STEPS: Readonly<Record<SigningProvider, readonly (readonly [name: string, what: string])[]>> =
  {
    tencent: [
      ['signKey', 'HMAC-SHA1 of the key time with the secret key'],
      ['urlParamList', 'names of the query parameters, escaped, in lower case, sorted'],
      ['httpParameters', 'the parameters with their values, escaped once'],
      ['headerList', 'names of the signed headers, in lower case, sorted'],
      ['httpHeaders', 'the headers with their values, escaped once'],
      ['httpString', 'method, decoded path, parameters and headers, a line each'],
      ['stringToSign', 'algorithm, time, and SHA-1 of the http string'],
      ['signature', 'HMAC-SHA1 of the string to sign with the sign key as text'],
      ['authorization', 'the header to send'],
      ['url', 'the presigned URL'],
    ],
    huawei: [
      ['canonicalUri', 'path, each segment escaped once, with a closing slash'],
      ['canonicalQueryString', 'parameters sorted by name, escaped once'],
      ['signedHeaders', 'names of the signed headers, in lower case, sorted'],
      ['payloadHash', 'SHA-256 of the exact body'],
      ['canonicalRequest', 'all of the above with the headers, a line each'],
      ['canonicalRequestSha256', 'SHA-256 of the canonical request'],
      ['stringToSign', 'algorithm, time, and that hash'],
      ['signature', 'HMAC-SHA256 of the string to sign with the secret key'],
      ['authorization', 'the header to send'],
    ],
  };

export function explanation(
  provider: SigningProvider,
  steps: Steps,
  secrets: readonly string[],
  comparison: Comparison | undefined,
): string {
  const mask = masker(secrets);
  const parts = STEPS[provider]
    .filter(([name]) => steps[name] !== undefined)
    .map(([name, what], at) => {
      const lines = mask(steps[name] ?? '').split('\n');
      return `${at + 1}. ${name}: ${what}\n${lines.map((line) => `   | ${line}\n`).join('')}`;
    });
  return `${parts.join('')}${comparison ? verdict(comparison, mask) : ''}\n`;
}

function verdict(comparison: Comparison, mask: (text: string) => string): string {
  if (comparison.kind !== 'different') return `=> ${comparison.reason}\n`;
  const { difference } = comparison;
  const { step, line, column, reason } = difference;
  return `=> first difference in ${step}, line ${line}, column ${column}\n${sides(difference, mask)}   ${reason}\n`;
}

function sides({ ours, theirs, column }: Difference, mask: (text: string) => string): string {
  const shown = (text: string | undefined) =>
    text === undefined ? '(no such line)' : mask(redact(text));
  return `   ours:   ${shown(ours)}\n   theirs: ${shown(theirs)}\n           ${' '.repeat(column - 1)}^\n`;
}

/** Hides what authenticates, wherever it stands and however it is escaped: all but a short start. */
function masker(secrets: readonly string[]): (text: string) => string {
  const forms = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => {
      const shown = secret.length >= 16 ? `${secret.slice(0, 4)}***` : '***';
      const escaped = [secret, encodeRfc3986(secret), encodeURIComponent(secret)];
      return escaped
        .flatMap((form) => [form, form.toLowerCase()])
        .map((form) => [form, shown] as const);
    })
    // A secret that holds another one goes first.
    .sort(([a], [b]) => b.length - a.length);
  return (text) => forms.reduce((masked, [form, shown]) => masked.replaceAll(form, shown), text);
}
