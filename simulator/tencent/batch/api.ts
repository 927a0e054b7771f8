/**
 * The COS Batch API, `/jobs`: https://cloud.tencent.com/document/product/436/38608 and following pages.
 */
import { disturbed } from '../../faults/disturb.ts';
import type { Faults } from '../../faults/faults.ts';
import { type Answer, decode, type Wire } from '../../server.ts';
import { writeXml } from '../../xml.ts';
import { cosError, cosRefusals, notSimulated, requestId } from '../answers.ts';
import { type CosKeys, refuseSignature } from '../auth.ts';
import { type Call, type CallsOptions, callOf } from './calls.ts';
import { BatchRefusal } from './checks.ts';

export interface CosBatchOptions extends CallsOptions {
  readonly faults: Faults;
  readonly keys: CosKeys;
  readonly verifySignatures: boolean;
  readonly stats: CosBatchStats;
}

interface CosBatchStats {
  batchCreates: number;
  batchReads: number;
  signatureRefusals: number;
  bodyRefusals: number;
}

export function createCosBatch(options: CosBatchOptions) {
  const { account, faults, keys, verifySignatures, now, stats } = options;

  const serve = (wire: Wire, call: Call): Answer => {
    const refusal = verifySignatures
      ? refuseSignature(wire, keys, now(), { isStrict: false })
      : undefined;
    if (refusal) {
      stats.signatureRefusals += 1;
      return refusal;
    }
    const path = decode(wire.rawPath) ?? '/';
    if (wire.headers['x-cos-appid'] !== account.appId) {
      const message = 'x-cos-appid must be the APPID of the account.';
      return cosError(400, 'InvalidArgument', message, path);
    }
    try {
      const headers = { 'content-type': 'application/xml', 'x-cos-request-id': requestId() };
      return { status: 200, headers, body: writeXml(call.serve()) };
    } catch (error) {
      if (!(error instanceof BatchRefusal)) throw error;
      if (call.api === 'batch-create') stats.bodyRefusals += 1;
      return cosError(error.status, error.code, error.message, path);
    }
  };

  return async (wire: Wire): Promise<Answer> => {
    const call = callOf(wire, options);
    if (!call) {
      // Only a client of the vendor shows this call, no page does.
      return wire.method === 'DELETE' && /^\/jobs\/[^/]+$/.test(wire.rawPath)
        ? notSimulated('DELETE of a job')
        : cosError(405, 'MethodNotAllowed', 'The method is not allowed here.');
    }
    if (call.api === 'batch-create') stats.batchCreates += 1;
    if (call.api === 'batch-read') stats.batchReads += 1;
    const rule = faults.strike(call.api, call.key);
    return disturbed(rule, cosRefusals, () => serve(wire, call), oddShape);
  };
}

/** Another way to write the same: a declaration, and an element a line. */
const oddShape = (body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${body.replaceAll('><', '>\n<')}\n`;
