/**
 * Finds the first difference between a signed request and what the provider computed from it. COS
 * quotes what it signed in `FormatString` and `StringToSign` of its error, Huawei's gateway its
 * canonical request with `|` in place of line feeds (references: COS 1, OMS 1.1).
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
    'the provider signed the same text with a different secret key: check for blanks, a missing end, or a key of another account';
  return { kind: 'same', reason };
}

type Quoted = readonly (readonly [step: string, text: string])[];

function quotedByCos(text: string): Quoted {
  const element = (name: string) =>
    new RegExp(`<${name}>([\\s\\S]*?)</${name}>`)
      .exec(text)?.[1]
      ?.replace(/&(\w+|#\d+|#x[0-9a-f]+);/gi, unescapeXml)
      .replaceAll('\r\n', '\n');
  const [httpString, stringToSign] = [element('FormatString'), element('StringToSign')];
  return [
    ...(httpString === undefined ? [] : [['httpString', httpString] as const]),
    ...(stringToSign === undefined ? [] : [['stringToSign', stringToSign] as const]),
  ];
}

const ENTITIES = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

function unescapeXml(whole: string, name: string): string {
  if (!name.startsWith('#')) return ENTITIES.get(name) ?? whole;
  const code = Number(
    name.startsWith('#x') || name.startsWith('#X') ? `0x${name.slice(2)}` : name.slice(1),
  );
  // Some are no character at all; what the provider meant by them is not for us to guess.
  return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}

/** From the method to the 64 hex digits of the payload, or `UNSIGNED-PAYLOAD`. */
const CANONICAL =
  /\b(?:GET|PUT|POST|DELETE|HEAD|PATCH)\|\/[^\n]*?\|[^|\n]+\|(?:[0-9a-f]{64}|UNSIGNED-PAYLOAD)(?![0-9a-z])/;

function quotedByHuawei(text: string): Quoted {
  const found = CANONICAL.exec(text.replaceAll('\\u0026', '&'))?.[0];
  return found === undefined ? [] : [['canonicalRequest', found]];
}

function adviceFor(text: string): string {
  if (/RequestTimeTooSkewed|expired/i.test(text)) {
    return 'the time is refused, not the signature: set the clock of this machine';
  }
  if (/InvalidAccessKeyId|APIGW\.0303|app does not exist/i.test(text)) {
    return 'the key id is unknown: it was deleted, disabled, or belongs to another site';
  }
  return 'the text has no signed string; give the whole body of the error';
}

function firstDifference(
  provider: SigningProvider,
  step: string,
  given: string,
  quoted: string,
): Difference | undefined {
  const [ours, theirs] = [given.trimEnd(), quoted.trimEnd()];
  // The gateway writes `|` for a line feed; a value may hold one of its own.
  const isEnd = (char: string | undefined): boolean =>
    char === '\n' || (provider === 'huawei' && char === '|');
  const isSame = (at: number): boolean =>
    ours[at] === theirs[at] || (ours[at] === '\n' && isEnd(theirs[at]));
  let at = 0;
  while (at < ours.length && at < theirs.length && isSame(at)) at += 1;
  if (at === ours.length && at === theirs.length) return undefined;
  // Where one of them ends with its line, the other's next line is the difference.
  const isLineMore =
    (at === ours.length && isEnd(theirs[at])) || (at === theirs.length && ours[at] === '\n');
  const start = isLineMore ? at + 1 : ours.lastIndexOf('\n', at - 1) + 1;
  const [a, b] = [ours.split('\n'), theirs.split(provider === 'huawei' ? /[\n|]/ : '\n')];
  const line = ours.slice(0, start).split('\n').length - (isLineMore && at === ours.length ? 0 : 1);
  const theirLine = (): string | undefined => {
    if (start > theirs.length) return undefined;
    let end = Math.max(start, isLineMore ? start : at);
    while (end < theirs.length && !isEnd(theirs[end])) end += 1;
    return theirs.slice(start, end);
  };
  return {
    step,
    line: line + 1,
    column: isLineMore ? 1 : at - start + 1,
    ours: a[line],
    theirs: theirLine(),
    reason: reasonFor(provider, step, line, a, b),
  };
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
  if (line === 0) return 'the method differs: a proxy changed it, or a different one was sent';
  if (line === 1) return pathReason(ours[1] ?? '', theirs[1] ?? '');
  if (line === 2) {
    return 'the query differs: a parameter was added, dropped, or escaped twice on the way';
  }
  if (provider === 'huawei' && line === Math.max(ours.length, theirs.length) - 1) {
    return 'the body that arrived is not the body that was signed: it was serialised again, or its encoding changed';
  }
  const [mine, other] = [nameOf(ours[line]), nameOf(theirs[line])];
  if (mine !== undefined && other !== undefined && mine !== other) {
    // Both are sorted, so the one that comes first is missing on the other side.
    const [name, who] = mine < other ? [mine, 'we'] : [other, 'they'];
    return `the header ${name} is signed by one side only: ${who} have it`;
  }
  const name = mine ?? other ?? '';
  return `a signed header differs, likely ${name}: a proxy or client rewrote it, or sent a different one`;
}

const nameOf = (line: string | undefined): string | undefined =>
  line === undefined || line === '' ? undefined : line.split(/[:=]/)[0];

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
