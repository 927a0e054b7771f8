/**
 * Says why a source refused what Waybill signed or addressed for it: a task that failed tells little,
 * and what it tells is Tencent's word for the source's.
 */
import { safeText } from '../../../lib/cause.ts';
import type { Cause } from '../../../lib/errors.ts';
import type { SourceConfig } from '../../../manifest/sources/config.ts';
import {
  DOMAIN_CODES,
  EARLY,
  ENDED,
  KEY_CODES,
  otherRegion,
  REGION_CODES,
  SIGNATURE_CODES,
} from '../../../manifest/sources/refusal-words.ts';
import type { Sources } from '../../../manifest/sources/sources.ts';

/** What is asked about a failed attempt. */
interface RefusedAttempt {
  /** As the manifest has it; undefined when it is not known any more. */
  readonly url: string | undefined;
  /** When it was sent. */
  readonly sentAt: Date;
}

export type ExplainRefusal = (cause: Cause, attempt: RefusedAttempt) => Promise<Cause>;

/** Tencent's own word for a 403 of the source is Forbidden. */
const REFUSED =
  /\b(?:403|AccessDenied|Forbidden|RequestTimeTooSkewed|SignatureDoesNotMatch|SignatureNotMatch)\b|has expired|not valid yet|not yet valid/;

export const createExplainRefusal =
  (sources: Pick<Sources, 'endOf' | 'sourceOf'>, now: () => Date): ExplainRefusal =>
  async (cause, { url, sentAt }) => {
    const source = url === undefined ? undefined : sources.sourceOf(url);
    if (!source || cause.provider !== 'tencent' || source.publicUrl !== undefined) return cause;
    const told = `${cause.code} ${cause.message}`;
    const as = (found: Pick<Cause, 'class' | 'code' | 'message'>): Cause => ({
      ...cause,
      ...found,
      message: safeText(found.message),
    });
    const { bucket, credentials, region } = source;
    if (DOMAIN_CODES.test(told)) {
      const message = `the store of source "${source.name}" gives this object out through a domain of your own alone: set publicUrl of the source`;
      return as({ code: 'SOURCE_DOMAIN', class: 'request', message });
    }
    if (REGION_CODES.test(told)) {
      const other = otherRegion(told);
      const where = other === undefined ? 'in another region' : `in ${other}`;
      const message = `bucket ${bucket} of source "${source.name}" is ${where}, not in ${region}: correct its region, then retry the run`;
      return as({ code: 'REGION', class: 'request', message });
    }
    if (credentials === undefined) return cause;
    const keyCode = KEY_CODES.exec(told)?.[0];
    if (keyCode !== undefined) {
      const message = `the source refused the keys of credential set "${credentials}" (${keyCode}): renew them, then retry the run`;
      return as({ code: keyCode, class: 'credentials', message });
    }
    if (!REFUSED.test(told)) return cause;
    const endsAt = await sources.endOf(source, sentAt);
    if (ENDED.test(told) || now() >= endsAt) {
      const message =
        'the signed address ended before the provider used it; the next attempt has a new one';
      return as({ code: 'SOURCE_ADDRESS_ENDED', class: 'transient', message });
    }
    if (EARLY.test(told)) {
      const message = `source "${source.name}" says that the signed address is not valid yet: check the clock of this machine`;
      return as({ code: 'SOURCE_ADDRESS_EARLY', class: 'transient', message });
    }
    const message = refusal(source, credentials, told);
    return as({ code: 'SOURCE_REFUSED', class: 'request', message });
  };

function refusal({ name }: SourceConfig, credentials: string, told: string): string {
  if (SIGNATURE_CODES.test(told)) {
    return `source "${name}" refused the signature: check secretAccessKey of credential set "${credentials}", and region and endpoint of the source`;
  }
  return `source "${name}" refused the signed address: let the keys of set "${credentials}" read the objects; if the bucket refuses plain http (aws:SecureTransport), set publicUrl or use OMS`;
}
