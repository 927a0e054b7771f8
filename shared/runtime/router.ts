/**
 * Finds the route of a request by API Gateway's rules: `{name}` is one segment, `{name+}` the rest. HEAD
 * goes where GET goes. A callback's address may end in a slash, which some proxies add.
 */

export interface Match<Target> {
  /** As declared: `GET /runs/{runId}`. */
  readonly routeKey: string;
  readonly params: Readonly<Record<string, string>>;
  readonly target: Target;
}

export type Router<Target> = ReturnType<typeof createRouter<Target>>;

/** @param routes such as `['GET /runs/{runId}', handler]`, in any order: the most specific is taken */
export function createRouter<Target>(
  routes: readonly (readonly [route: string, target: Target])[],
) {
  const compiled = routes.map(([routeKey, target]) => {
    const [method = '', path = ''] = routeKey.split(' ');
    const names: string[] = [];
    const pattern = path
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/\\\{(\w+)(\\\+)?\\\}/g, (_whole, name: string, greedy: string | undefined) => {
        names.push(name);
        return greedy ? '(.+)' : '([^/]+)';
      });
    return {
      routeKey,
      method,
      target,
      names,
      path,
      prefix: path.replace(/\{.*$/s, ''),
      pattern: new RegExp(`^${pattern}${path.startsWith('/callbacks/') ? '/?' : ''}$`),
      vagueness: vaguenessOf(path),
    };
  });
  compiled.sort((a, b) => a.vagueness - b.vagueness);
  return {
    /**
     * The route; or the methods of the most specific route that fits the path (none: there is no such
     * path).
     */
    find(asked: string, path: string): Match<Target> | readonly string[] {
      const method = asked === 'HEAD' ? 'GET' : asked;
      const allowed = new Set<string>();
      let nearest: string | undefined;
      for (const route of compiled) {
        const { routeKey, method: known, target, names, path: declared, prefix, pattern } = route;
        // Far cheaper than the pattern, of which nearly all don't match.
        const values = path.startsWith(prefix) ? pattern.exec(path) : undefined;
        if (!values) continue;
        nearest ??= declared;
        if (declared === nearest) {
          for (const each of known === 'GET' ? ['GET', 'HEAD'] : [known]) allowed.add(each);
        }
        if (known !== method) continue;
        const pairs = names.map((name, at) => [name, decode(values[at + 1] ?? '')] as const);
        return { routeKey, target, params: Object.fromEntries(pairs) };
      }
      return [...allowed];
    },
  };
}

/** One digit per segment, literal 0, variable 1, greedy 2, as a fraction: the least is most specific. */
const vaguenessOf = (path: string): number => {
  const digits = path.split('/').map((segment) => {
    if (!segment.startsWith('{')) return 0;
    return segment.endsWith('+}') ? 2 : 1;
  });
  return Number(`0.${digits.join('')}`);
};

/** A part that is no valid escape stays as it is: the handler judges it. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
