/** The run or migration that a person means: by its id, or by the beginning of it. */
import { type Client, isMigrationId } from './client.ts';
import { CommandFailure, EXIT } from './failure.ts';

const WHOLE = 24;
const PAGES = 50;
const SHOWN = 5;

type Lists = Pick<Client, 'runs' | 'migrations'>;

interface Page {
  readonly ids: readonly string[];
  readonly nextCursor: string | null;
}

const KINDS = {
  run: async (client: Lists, cursor: string | undefined): Promise<Page> => {
    const { runs, nextCursor } = await client.runs({ limit: 100, cursor });
    return { ids: runs.map(({ runId }) => runId), nextCursor };
  },
  migration: async (client: Lists, cursor: string | undefined): Promise<Page> => {
    const { migrations, nextCursor } = await client.migrations({ limit: 100, cursor });
    return { ids: migrations.map(({ migrationId }) => migrationId), nextCursor };
  },
} as const;

/**
 * Looks for a beginning among the newest 5,000 of its kind. Whole ids, and what can't be one, stay as they are.
 * @throws CommandFailure: usage when several ids begin so, refused when none does
 */
export async function findId(client: Lists, given: string): Promise<string> {
  const start = given.toLowerCase();
  if (!/^m?[0-9a-f]*$/.test(start) || start === '' || start.length >= WHOLE) return given;
  const kind = isMigrationId(start) ? 'migration' : 'run';
  const found: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const { ids, nextCursor } = await KINDS[kind](client, cursor);
    found.push(...ids.filter((id) => id.startsWith(start)));
    cursor = nextCursor ?? undefined;
    if (cursor === undefined) break;
  }
  const [only, ...others] = found;
  if (only === undefined) {
    const todo = `List the ${kind}s with: npx waybill ${kind}s`;
    throw new CommandFailure(`no ${kind} id starts with ${given}`, todo, EXIT.refused);
  }
  if (others.length === 0) return only;
  const more = found.length > SHOWN ? ', …' : '';
  throw new CommandFailure(
    `${found.length} ${kind}s begin with ${given}: ${found.slice(0, SHOWN).join(', ')}${more}`,
    'Give more characters of the id',
    EXIT.usage,
  );
}

/** As `findId`. @throws CommandFailure (usage) for the id of a migration */
export async function findRunId(client: Lists, given: string): Promise<string> {
  const id = await findId(client, given);
  if (!isMigrationId(id)) return id;
  const todo = `List its runs with: npx waybill show ${id}`;
  throw new CommandFailure(`${given} is a migration, not a run`, todo, EXIT.usage);
}

/** As `findId`. @throws CommandFailure (usage) for the id of a run */
export async function findMigrationId(client: Lists, given: string): Promise<string> {
  if (isMigrationId(given)) return findId(client, given);
  const what = `${given} is not the id of a migration: these start with m`;
  throw new CommandFailure(what, 'List the migrations with: npx waybill migrations', EXIT.usage);
}

const SHORTEST = 8;

/** How many characters of these ids tell them apart. */
export function shortLength(ids: readonly string[]): number {
  const longest = Math.max(SHORTEST, ...ids.map((id) => id.length));
  for (let length = SHORTEST; length < longest; length += 1) {
    if (new Set(ids.map((id) => id.slice(0, length))).size === new Set(ids).size) return length;
  }
  return longest;
}
