/**
 * Names of the parts that a work with checkpoints has written, kept short for its note: who wrote them,
 * in order, and how many each. No two workers write the same part, so that a late one changes nothing;
 * parts that no checkpoint names are of a worker that died.
 */
import * as v from 'valibot';

export const writersShape = v.array(v.object({ id: v.string(), parts: v.number() }));

type Writers = v.InferOutput<typeof writersShape>;

/** In order. */
export function partNames(writers: Writers): readonly string[] {
  let before = 0;
  return writers.flatMap(({ id, parts }) => {
    const names = Array.from({ length: parts }, (_, at) => nameOf(before + at, id));
    before += parts;
    return names;
  });
}

/** Of the part that comes next, where `writer` writes it. */
export const nextPartName = (writers: Writers, writer: string): string =>
  nameOf(
    writers.reduce((sum, { parts }) => sum + parts, 0),
    writer,
  );

/** With one part more. */
export function withPart(writers: Writers, writer: string): Writers {
  const last = writers.at(-1);
  if (last?.id !== writer) return [...writers, { id: writer, parts: 1 }];
  return [...writers.slice(0, -1), { id: writer, parts: last.parts + 1 }];
}

const nameOf = (at: number, writer: string): string =>
  `${String(at + 1).padStart(6, '0')}-${writer}`;
