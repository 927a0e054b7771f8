/** The programs that take the steps of a test with a vendor's client. */
import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { GO_PROGRAM, PYTHON } from '../../scripts/vendors.ts';

const at = (file: string) => fileURLToPath(new URL(file, import.meta.url));

export const PROGRAMS = {
  'cos-nodejs-sdk-v5': [process.execPath, at('node/client.mjs')],
  'cos-python-sdk-v5': [PYTHON, at('python/cos.py')],
  'cos-go-sdk-v5': [GO_PROGRAM],
  huaweicloudsdkoms: [PYTHON, at('python/oms.py')],
} as const;

export type Client = keyof typeof PROGRAMS;

/** What the program tells of its steps. @throws Error with what it wrote when it fails */
export async function runClient<Results>(client: Client, given: object): Promise<Results> {
  const [command, ...args] = PROGRAMS[client];
  // Without the proxy variables of this machine: they would lead the clients elsewhere.
  const child = spawn(command, args, { env: { PATH: process.env['PATH'] } });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  child.stdin.on('error', () => {}).end(JSON.stringify(given));
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(`${client} ended with ${code}.\n${errors}`);
  return JSON.parse(output) as Results;
}

/** Sends a request to a real address, with a simulator as the proxy. */
export function askThrough(proxy: string, address: string, method = 'GET', body = '') {
  const { hostname, port } = new URL(proxy);
  return new Promise<{ status: number | undefined; type: string | undefined; text: string }>(
    (resolve, reject) => {
      const headers = { host: new URL(address).host, 'content-length': Buffer.byteLength(body) };
      const asked = request({ hostname, port, path: address, method, headers }, async (answer) => {
        const { statusCode: status, headers: given } = answer;
        resolve({ status, type: given['content-type'], text: await text(answer) });
      });
      asked.on('error', reject).end(body);
    },
  );
}
