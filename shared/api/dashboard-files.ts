/**
 * Serves the dashboard's files: the page at `/` and what it loads under `/assets/`. They are
 * public. Each file was compressed when the dashboard was built, and is read on its first request.
 */
// `fs.promises` is loaded by its first use: a cold start of the API reads no file.
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../lib/errors.ts';
import type { HttpAnswer, HttpRequest } from '../runtime/http.ts';

interface StaticOptions {
  /** What `scripts/build-dashboard.ts` made: `files.json` and the files it lists. */
  readonly folder: string;
  /** Where the page may put manifests besides here, such as a bucket's `https://…`. */
  readonly uploadOrigin?: string | undefined;
}

/** By path in the folder. */
type StaticIndex = Readonly<Record<string, StaticFile>>;

export interface StaticFile {
  readonly type: string;
  /** Of the content, whatever its coding. */
  readonly etag: string;
  /** Codings that lie beside it, the smallest first, as `<path>.<coding>`. */
  readonly codings: readonly string[];
}

export const INDEX = 'files.json';

export const PAGE = 'index.html';

/**
 * Answers a request for the page or one of its files.
 * @throws InputError (NOT_FOUND) when there is no such file, or nothing was built
 */
export function createStatic({ folder, uploadOrigin }: StaticOptions) {
  const headers = protection(uploadOrigin);
  let index: Promise<StaticIndex> | undefined;
  const bodies = new Map<string, Promise<string>>();

  const readIndex = async (): Promise<StaticIndex> => {
    index ??= fs.readFile(join(folder, INDEX), 'utf8').then((text) => JSON.parse(text));
    return index.catch((error: unknown) => {
      index = undefined;
      throw new InputError('NOT_FOUND', 'The dashboard is not built here.', [], error);
    });
  };

  const readBody = (path: string): Promise<string> => {
    const known = bodies.get(path) ?? fs.readFile(join(folder, path)).then(toBase64);
    bodies.set(path, known);
    return known.catch((error: unknown) => {
      // Built anew meanwhile, perhaps.
      bodies.delete(path);
      index = undefined;
      throw new InputError('NOT_FOUND', 'There is no such file.', [], error);
    });
  };

  return async ({ routeKey, params, headers: asked }: HttpRequest): Promise<HttpAnswer> => {
    const path = routeKey === 'GET /' ? PAGE : `assets/${params['file'] ?? ''}`;
    const files = await readIndex();
    const file = Object.hasOwn(files, path) ? files[path] : undefined;
    if (!file) throw new InputError('NOT_FOUND', 'There is no such file.');
    const common = {
      ...headers,
      etag: file.etag,
      vary: 'accept-encoding',
      // Names of assets change with their content.
      'cache-control': path === PAGE ? 'no-cache' : 'public, max-age=31536000, immutable',
    };
    if (isKnown(asked['if-none-match'], file.etag)) return { statusCode: 304, headers: common };
    const coding = takeCoding(asked['accept-encoding'] ?? '', file.codings);
    return {
      statusCode: 200,
      headers: {
        ...common,
        'content-type': file.type,
        ...(coding && { 'content-encoding': coding }),
      },
      body: await readBody(coding ? `${path}.${coding}` : path),
      isBase64Encoded: true,
    };
  };
}

const toBase64 = (bytes: Buffer): string => bytes.toString('base64');

/** https://www.w3.org/TR/CSP3/: nothing but our own files, and no code or style in the page itself. */
function protection(uploadOrigin: string | undefined): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self'${uploadOrigin === undefined ? '' : ` ${uploadOrigin}`}`,
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
}

const isKnown = (given: string | undefined, etag: string): boolean =>
  (given ?? '').split(',').some((known) => known.trim() === etag);

/** The first of ours that the caller takes. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3 */
function takeCoding(accepted: string, ours: readonly string[]): string | undefined {
  const taken = accepted
    .toLowerCase()
    .split(',')
    .map((part) => part.split(';').map((piece) => piece.trim()))
    .filter(([, weight]) => weight === undefined || !/^q=0(?:\.0*)?$/.test(weight))
    .map(([name]) => name);
  return ours.find((coding) => taken.includes(coding));
}
