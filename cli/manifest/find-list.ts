/** Finds the list that a path names: a file, or the manifest of an inventory in a folder. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailure, EXIT } from '../io/failure.ts';

/**
 * @throws CommandFailure (usage) where a folder has not exactly one inventory; an error of the file system
 */
export async function findList(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return path;
  const here = await manifestsIn(path);
  const [only] = here;
  if (here.length === 1 && only !== undefined) return only;
  const deeper = here.length > 0 ? here : await manifestsBelow(path);
  const what = deeper.length === 0 ? 'holds no manifest.json' : 'holds more than one inventory';
  const todo =
    deeper.length === 0
      ? 'Name the folder or the manifest.json of one inventory'
      : `Name one of them, such as ${deeper.at(-1)}`;
  throw new CommandFailure(`${path}: the folder ${what}`, todo, EXIT.usage);
}

/** `manifest.json`, or with the name of a rule before it. */
const manifestsIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && /(?:^|[-_])manifest\.json$/.test(entry.name))
    .map((entry) => join(folder, entry.name))
    .sort();

/** Inventories lie in folders named after their time. */
async function manifestsBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const found = await Promise.all(folders.sort().map((name) => manifestsIn(join(folder, name))));
  return found.flat();
}
