/** The run that a person means: by its id, or by the beginning of it. */
import type { Client } from './client.ts';
import { CommandFailure, EXIT } from './failure.ts';

const WHOLE = 24;
const PAGES = 50;
const SHOWN = 5;

/**
 * Looks for a beginning among the newest 5,000 runs. Whole ids, and what can't be one, stay as they are.
 * @throws CommandFailure: usage when several runs begin so, refused when none does
 */
export async function findRunId(client: Pick<Client, 'runs'>, given: string): Promise<string> {
  const start = given.toLowerCase();
  if (!/^[0-9a-f]+$/.test(start) || start.length >= WHOLE) return given;
  const found: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const { runs, nextCursor } = await client.runs({ limit: 100, cursor });
    found.push(...runs.map(({ runId }) => runId).filter((runId) => runId.startsWith(start)));
    cursor = nextCursor ?? undefined;
    if (cursor === undefined) break;
  }
  const [only, ...others] = found;
  if (only === undefined) {
    const todo = 'List the runs with: npx waybill runs';
    throw new CommandFailure(`no run id starts with ${given}`, todo, EXIT.refused);
  }
  if (others.length === 0) return only;
  const more = found.length > SHOWN ? ', …' : '';
  throw new CommandFailure(
    `${found.length} runs begin with ${given}: ${found.slice(0, SHOWN).join(', ')}${more}`,
    'Give more characters of the id',
    EXIT.usage,
  );
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
