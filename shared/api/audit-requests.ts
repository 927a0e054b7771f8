/** The schemas of requests for audits (spec section 18). */
import * as v from 'valibot';
import { AUDIT_LEVELS } from '../audit/judge.ts';
import { strictObject } from '../lib/validate.ts';
import { targetRule } from './fetch-rules.ts';
import { account, keyRule } from './requests.ts';

const fields = {
  /** `head` asks object by object for what the lists can't decide. */
  audit: v.optional(v.picklist(AUDIT_LEVELS, 'expected list or head'), 'list'),
  /** By default that of the manifest; needed for a list of a source. */
  target: v.exactOptional(targetRule),
  credentials: account,
};

export const runAuditBody = strictObject(fields);

export const auditBody = strictObject({ key: keyRule(['cos-fetch/', 'fetches/']), ...fields });

/** By default the level of the migration. */
export const migrationAuditBody = strictObject({
  audit: v.exactOptional(v.picklist(AUDIT_LEVELS, 'expected list or head')),
});

export type AuditBody = v.InferOutput<typeof runAuditBody>;
