/** Checks the address that Tencent calls back: whether it can, and whether a service answers there. */
import { BlockList, isIP } from 'node:net';
import { TransportError } from '../../shared/lib/errors.ts';
import { createSend } from '../../shared/lib/http.ts';
import { parseRecord } from '../../shared/lib/values.ts';
import type { CheckLine } from './line.ts';

/** Addresses that nobody outside can call. */
const PRIVATE = new BlockList();
for (const [net, prefix] of [
  ['10.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  PRIVATE.addSubnet(net, prefix, 'ipv4');
}
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

function isPrivate(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  const version = isIP(bare);
  if (version === 0) return /^localhost$|\.(?:local|internal|localhost)$/i.test(bare);
  return PRIVATE.check(bare, version === 4 ? 'ipv4' : 'ipv6');
}

const NAME = 'WAYBILL_PUBLIC_URL';

const TIMEOUT_MS = 10_000;

/** @param address that of the configuration, already judged there */
export async function checkCallback(address: string | undefined): Promise<CheckLine> {
  const line = (state: CheckLine['state'], message: string): CheckLine => ({
    part: 'callback',
    name: NAME,
    state,
    message,
  });
  if (address === undefined) {
    return line(
      'warning',
      'is not set, so Tencent calls the address of this machine. Without callbacks Waybill polls for outcomes, which takes longer. Set it to an address that Tencent can reach.',
    );
  }
  const { hostname, origin, pathname } = new URL(address);
  const path = `${pathname.replace(/\/$/, '')}/healthz`;
  const answer = await ask(origin, path);
  if (typeof answer === 'string') {
    return line(
      'fault',
      `${answer}. Start the service, and open the way to it: DNS, firewall, reverse proxy.`,
    );
  }
  if (answer.status !== 200 || parseRecord(answer.body)?.['status'] !== 'ok') {
    return line(
      'fault',
      `${origin}${path} answers ${answer.status}, but not as Waybill does. Check the address and the reverse proxy.`,
    );
  }
  if (isPrivate(hostname)) {
    return line(
      'fault',
      `Waybill answers at ${origin}, but Tencent can't reach ${hostname}. Set an address that is public.`,
    );
  }
  return line('ok', `Waybill answers at ${origin}.`);
}

/** The failure as words for a person. */
async function ask(origin: string, path: string) {
  const send = createSend({ timeoutMs: TIMEOUT_MS, connections: 1 });
  try {
    return await send({ method: 'GET', origin, path, query: [], headers: {}, body: '' });
  } catch (error) {
    if (error instanceof TransportError) return error.message;
    throw error;
  }
}
