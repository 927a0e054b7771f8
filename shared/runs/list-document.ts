/** Reads the document of a list that `list-source` wrote. */
import * as v from 'valibot';
import { InputError } from '../lib/errors.ts';
import { jsonText, parseWith } from '../lib/validate.ts';
import { LIST_COLUMNS } from '../manifest/sources/object.ts';
import { type Objects, readSmall } from '../stores/objects.ts';

const document = v.object({
  /** What was listed, as it was ordered. */
  source: v.string(),
  format: v.string(),
  columns: v.array(v.picklist(LIST_COLUMNS)),
  /** Keys of manifests. */
  parts: v.array(v.string()),
});

type ListDocument = v.InferOutput<typeof document>;

/** @throws InputError (NOT_FOUND); StoreError */
export async function readListDocument(
  key: string,
  objects: Pick<Objects, 'head' | 'read'>,
): Promise<ListDocument> {
  const info = await objects.head(key);
  if (!info) throw new InputError('NOT_FOUND', `There is no list ${key}.`);
  const text = await readSmall(objects, info);
  return parseWith(v.pipe(jsonText, document), text, `The list ${key}`);
}
