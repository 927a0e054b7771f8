/** The page's own addresses, behind the `#`: they can be bookmarked, shared and gone back to. */

export type Route =
  | ({ readonly page: 'runs' } & RunFilter)
  | { readonly page: 'migrations'; readonly state?: string }
  | { readonly page: 'migration'; readonly migrationId: string }
  | { readonly page: 'nightly' }
  | { readonly page: 'providers' }
  | { readonly page: 'start'; readonly kind?: StartKind }
  | { readonly page: 'run'; readonly runId: string; readonly filter: TransferFilter }
  | { readonly page: 'transfer'; readonly runId: string; readonly transferId: string }
  | { readonly page: 'unknown' };

/** What is started where it is no manifest. */
export type StartKind = 'migration' | 'batch' | 'oms';

export interface RunFilter {
  readonly state?: string;
  readonly operation?: string;
  /** Part of a name, target or id. */
  readonly search?: string;
}

export interface TransferFilter {
  readonly state?: string;
  readonly cause?: string;
  /** Part of a key, URL, provider id or transfer id. */
  readonly search?: string;
}

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

/** @param hash as `location.hash` gives it */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?');
  const parts = path.split('/').filter(Boolean).map(decode);
  const params = new URLSearchParams(query);
  const given = <Name extends string>(name: Name) => {
    const value = params.get(name);
    return value ? ({ [name]: value } as Record<Name, string>) : {};
  };
  const [first, second, third, fourth] = parts;
  if (first === undefined) {
    return { page: 'runs', ...given('state'), ...given('operation'), ...given('search') };
  }
  if (first === 'runs' && second !== undefined) {
    if (third === 'transfers' && fourth !== undefined) {
      return { page: 'transfer', runId: second, transferId: fourth };
    }
    if (third === undefined) {
      const filter = { ...given('state'), ...given('cause'), ...given('search') };
      return { page: 'run', runId: second, filter };
    }
  }
  if (first === 'migrations' && third === undefined) {
    if (second !== undefined) return { page: 'migration', migrationId: second };
    return { page: 'migrations', ...given('state') };
  }
  if (parts.length === 1 && (first === 'nightly' || first === 'providers' || first === 'start')) {
    return { page: first };
  }
  if (
    parts.length === 2 &&
    first === 'start' &&
    (second === 'migration' || second === 'batch' || second === 'oms')
  ) {
    return { page: 'start', kind: second };
  }
  return { page: 'unknown' };
}

const withQuery = (path: string, values: Readonly<Record<string, string | undefined>>): string => {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value) params.set(name, value);
  const query = params.toString();
  return `#/${path}${query && `?${query}`}`;
};

export const runsHref = ({ state, operation, search }: RunFilter = {}): string =>
  withQuery('', { state, operation, search });
export const runHref = (runId: string, filter: TransferFilter = {}): string =>
  withQuery(`runs/${encodeURIComponent(runId)}`, { ...filter });
export const migrationsHref = (state?: string): string => withQuery('migrations', { state });
export const migrationHref = (migrationId: string): string =>
  `#/migrations/${encodeURIComponent(migrationId)}`;
export const transferHref = (runId: string, transferId: string): string =>
  `#/runs/${encodeURIComponent(runId)}/transfers/${encodeURIComponent(transferId)}`;
