/** The schema of the audit log's responses. */
import * as v from 'valibot';
import { instant } from './responses.ts';

export const auditLogShape = v.strictObject({
  entries: v.array(
    v.strictObject({
      at: instant,
      /** Null for a token without a name. */
      token: v.nullable(v.string()),
      /** Method and path. */
      request: v.string(),
      /** Of the run or migration that was started or changed. */
      id: v.nullable(v.string()),
      /** What of the body tells what was changed, at most 256 characters. */
      detail: v.nullable(v.string()),
    }),
  ),
  nextCursor: v.nullable(v.string()),
});
