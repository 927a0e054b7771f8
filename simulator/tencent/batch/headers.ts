/** Checks the headers and query of a Batch call before its body is read. */
import { createHash } from 'node:crypto';
import { readQuery } from '../../query.ts';
import type { Wire } from '../../server.ts';
import { decodeEntities } from '../../xml.ts';
import { BatchRefusal, invalidArgument } from './checks.ts';

/** @throws BatchRefusal at a missing or wrong header of CreateJob */
export function checkCreate({ headers, rawQuery, body }: Wire): void {
  parametersOf(rawQuery, []);
  if (headers['content-length'] === undefined) {
    throw new BatchRefusal(411, 'MissingContentLength', 'Content-Length is required.');
  }
  if (!/^application\/xml(?:;|$)/.test(headers['content-type'] ?? '')) {
    throw invalidArgument('Content-Type must be application/xml.');
  }
  const md5 = headers['content-md5'];
  if (md5 === undefined) throw invalidArgument('Content-MD5 is required.');
  if (md5 !== createHash('md5').update(body).digest('base64')) {
    throw new BatchRefusal(400, 'BadDigest', "The Content-MD5 doesn't match the body.");
  }
}

/** Of a CreateJob, by which faults know it; empty when there is none. */
export function descriptionOf({ body }: Wire): string {
  const [, text = ''] = /<Description>([^<]*)<\/Description>/.exec(body.toString()) ?? [];
  try {
    return decodeEntities(text);
  } catch {
    return text;
  }
}

/** @throws BatchRefusal (InvalidArgument) at a parameter that is unknown or there twice */
export function parametersOf(
  rawQuery: string,
  known: readonly string[],
): ReadonlyMap<string, string> {
  const query = readQuery({ rawQuery }, known);
  if (!query) throw invalidArgument('A query parameter is unknown, repeated or not valid UTF-8.');
  return query;
}
