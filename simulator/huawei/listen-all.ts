/** Several servers at once, on ports in a row. */
import { type Answer, type Listening, listen, type Wire } from '../server.ts';

/**
 * @param port of the first; 0 takes free ones
 * @throws Error with code `EADDRINUSE` when a port is taken; none of the servers stays open then
 */
export async function listenAll(
  port: number,
  handlers: readonly ((wire: Wire) => Promise<Answer> | Answer)[],
): Promise<readonly Listening[]> {
  const started = await Promise.allSettled(
    handlers.map((handle, offset) => listen(port === 0 ? 0 : port + offset, handle)),
  );
  const failed = started.find((one) => one.status === 'rejected');
  const servers = started.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
  if (!failed) return servers;
  await Promise.all(servers.map((server) => server.close()));
  throw failed.reason;
}
