/** Checks unknown input against a schema, and turns its issues into faults with their paths. */
import * as v from 'valibot';
import { InputError, type InputFault } from './errors.ts';

/** @throws InputError (EVENT_INVALID or `code`) with the path of every field that does not fit */
export function parseWith<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
  what: string,
  code: 'EVENT_INVALID' | 'BODY_INVALID' | 'SIGNING_INPUT' = 'EVENT_INVALID',
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  throw new InputError(
    code,
    `${what} does not have the expected shape.`,
    result.issues.map(faultOf),
  );
}

/** Path as `objects[3].url`. The library's own messages quote what they found, which may be secret. */
export function faultOf(issue: v.BaseIssue<unknown>): InputFault {
  const path = (issue.path ?? []).reduce(
    (text, { key }) =>
      typeof key === 'number' ? `${text}[${key}]` : `${text}${text && '.'}${String(key)}`,
    '',
  );
  return { path: path || '(whole)', message: messageOf(issue) };
}

function messageOf({ message, expected, received }: v.BaseIssue<unknown>): string {
  if (/^(expected|is) /.test(message)) return message;
  if (expected === 'never') return 'is not a field of this request';
  return received === 'undefined' ? 'is missing' : `expected ${expected ?? 'something else'}`;
}
