/**
 * Finds where a provider's view of a signed request departs from ours. COS quotes what it signed in
 * `FormatString` and `StringToSign` of its error, Huawei's gateway its canonical request with `|` in
 * place of line feeds (references: COS 1, OMS 1.1).
 */

export type SigningProvider = 'tencent' | 'huawei';

/** The strings of `cosSteps` or `huaweiSteps`. */
export type Steps = Readonly<Record<string, string>>;

export interface Difference {
  /** The string in which the two differ: `httpString`, `stringToSign`, `canonicalRequest`. */
  readonly step: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Our line and theirs, undefined where one ends earlier. */
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
  /** What most likely makes the difference. */
  readonly reason: string;
}

export type Comparison =
  | { readonly kind: 'different'; readonly difference: Difference }
  /** The provider signed the same text, so the key differs. */
  | { readonly kind: 'same'; readonly reason: string }
  /** The text quotes nothing that could be compared. */
  | { readonly kind: 'nothing-quoted'; readonly reason: string };

/** @param errorText the body of the provider's refusal, as it came */
export function compareWithProvider(
  provider: SigningProvider,
  steps: Steps,
  errorText: string,
): Comparison {
  const quoted = provider === 'tencent' ? quotedByCos(errorText) : quotedByHuawei(errorText);
  if (quoted.length === 0) return { kind: 'nothing-quoted', reason: adviceFor(errorText) };
  for (const [step, theirs] of quoted) {
    const difference = firstDifference(provider, step, steps[step] ?? '', theirs);
    if (difference) return { kind: 'different', difference };
  }
  const reason =
    'the provider signed the same text, so the secret key is another one: look for blanks, a cut end, or a key of another account';
  return { kind: 'same', reason };
}

type Quoted = readonly (readonly [step: string, text: string])[];

function quotedByCos(text: string): Quoted {
  const element = (name: string) =>
    new RegExp(`<${name}>([\\s\\S]*?)</${name}>`)
      .exec(text)?.[1]
      ?.replace(/&(\w+|#\d+);/g, unescapeXml);
  const [httpString, stringToSign] = [element('FormatString'), element('StringToSign')];
  return [
    ...(httpString === undefined ? [] : [['httpString', httpString] as const]),
    ...(stringToSign === undefined ? [] : [['stringToSign', stringToSign] as const]),
  ];
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};
const unescapeXml = (whole: string, name: string): string =>
  ENTITIES[name] ?? (name.startsWith('#') ? String.fromCodePoint(Number(name.slice(1))) : whole);

/** From the method to the 64 hex digits of the payload, or `UNSIGNED-PAYLOAD`. */
const CANONICAL =
  /\b(?:GET|PUT|POST|DELETE|HEAD|PATCH)\|\/[^\n]*?\|[^|\n]+\|(?:[0-9a-f]{64}|UNSIGNED-PAYLOAD)(?![0-9a-z])/;

function quotedByHuawei(text: string): Quoted {
  const found = CANONICAL.exec(text.replaceAll('\\u0026', '&'))?.[0];
  return found === undefined ? [] : [['canonicalRequest', found.replaceAll('|', '\n')]];
}

function adviceFor(text: string): string {
  if (/RequestTimeTooSkewed|expired/i.test(text)) {
    return 'the time is refused, not the signature: set the clock of this machine';
  }
  if (/InvalidAccessKeyId|APIGW\.0303|app does not exist/i.test(text)) {
    return 'the key id is unknown: it was deleted, disabled, or belongs to another site';
  }
  return 'the text quotes no string that was signed; give the whole body of the refusal';
}

function firstDifference(
  provider: SigningProvider,
  step: string,
  ours: string,
  theirs: string,
): Difference | undefined {
  if (ours.trimEnd() === theirs.trimEnd()) return undefined;
  const [a, b] = [ours.trimEnd().split('\n'), theirs.trimEnd().split('\n')];
  const at = a.findIndex((line, index) => line !== b[index]);
  const line = at === -1 ? a.length : at;
  const [mine, other] = [a[line], b[line]];
  return {
    step,
    line: line + 1,
    column: commonLength(mine ?? '', other ?? '') + 1,
    ours: mine,
    theirs: other,
    reason: reasonFor(provider, step, line, a, b),
  };
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

function reasonFor(
  provider: SigningProvider,
  step: string,
  line: number,
  ours: readonly string[],
  theirs: readonly string[],
): string {
  if (step === 'stringToSign') {
    return line === 1
      ? 'the signing times differ: q-sign-time and q-key-time must be the same'
      : 'the texts that were hashed differ: compare the http string';
  }
  if (line === 0)
    return 'the method differs: something between changed it, or another one was sent';
  if (line === 1) return pathReason(ours[1] ?? '', theirs[1] ?? '');
  if (line === 2) {
    return 'the query differs: a parameter was added, dropped, or escaped twice on the way';
  }
  if (provider === 'huawei' && line === Math.max(ours.length, theirs.length) - 1) {
    return 'the body that arrived is not the body that was signed: it was serialised again, or its encoding changed';
  }
  const [name] = (ours[line] ?? theirs[line] ?? '').split(/[:=]/);
  return `a signed header differs, likely ${name}: a proxy or client rewrote it, or sent another one`;
}

const pathReason = (ours: string, theirs: string): string =>
  decodeLoosely(ours) === decodeLoosely(theirs)
    ? 'the path is escaped differently: sign it decoded (COS) or escaped once (Huawei)'
    : 'the path differs: a proxy rewrote it, or the bucket or a closing slash is missing';

function decodeLoosely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
