/** Downloads the source of a fetch task. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createCrc64 } from '../crc64.ts';
import type { Outgoing } from './outgoing.ts';

interface Downloaded {
  readonly md5: string;
  /** CRC-64/XZ in decimal. */
  readonly crc64: string;
  readonly sizeBytes: number;
  readonly body: Buffer;
}

/** Why a task failed. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export const EMPTY: Downloaded = {
  md5: 'd41d8cd98f00b204e9800998ecf8427e',
  crc64: '0',
  sizeBytes: 0,
  body: Buffer.alloc(0),
};
/** Of a source, what is kept while it is read. */
const HELD_BYTES = 1_048_576;

export function download(url: string, outgoing: Outgoing): Promise<Downloaded | Failure> {
  return new Promise((done) => {
    const unreachable = (error: Error) =>
      done({
        code: 'SourceUnreachable',
        message: `The source could not be read: ${error.message}`,
      });
    const request = outgoing.request(url);
    request.on('response', (response) => void read(response).then(done, unreachable));
    request.on('error', unreachable);
    request.end();
  });
}

/** The error of S3 in a refusal, which Tencent's documents do not say it tells; empty for any other. */
async function said(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of response as AsyncIterable<Buffer>) text += part.toString();
  const [code = '', message = '', host = ''] = ['Code', 'Message', 'Endpoint'].map(
    (name) => new RegExp(`<${name}>([^<]*)<`).exec(text)?.[1],
  );
  return code === '' ? '' : ` ${[code, message, host].filter(Boolean).join(': ')}`;
}

function refusedBy(status: number, details: string): Failure {
  if (status === 403 && details === '') {
    return { code: 'Forbidden', message: 'The specified download can not be allowed.' };
  }
  const codes: Readonly<Record<number, string>> = { 403: 'Forbidden', 404: 'NotFound' };
  const message = `The source answered ${status}${details}.`;
  return { code: codes[status] ?? 'SourceRefused', message };
}

async function read(response: IncomingMessage): Promise<Downloaded | Failure> {
  const { statusCode = 0 } = response;
  if (statusCode !== 200) return refusedBy(statusCode, await said(response));
  const hash = createHash('md5');
  const sum = createCrc64();
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    hash.update(part);
    sum.update(part);
    sizeBytes += part.length;
    if (sizeBytes <= HELD_BYTES) parts.push(part);
  }
  const body = sizeBytes <= HELD_BYTES ? Buffer.concat(parts) : Buffer.alloc(0);
  return { md5: hash.digest('hex'), crc64: sum.digest(), sizeBytes, body };
}
