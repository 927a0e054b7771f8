/** The bucket and key that a request to an object store is about, in path style or by host. */
import { decode, type Wire } from './server.ts';

export interface Place {
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
}

/**
 * @param bucket pattern of its names
 * @param service in the host, behind the bucket
 */
export function createPlaceOf(bucket: string, service: 'cos' | 'obs') {
  const host = new RegExp(`^(${bucket})\\.${service}\\.`);
  const start = new RegExp(`^(${bucket})(?:/(.*))?$`, 's');
  return ({ rawPath, headers }: Wire): Place | undefined => {
    const path = decode(rawPath)?.slice(1);
    if (path === undefined) return undefined;
    const [, byHost] = host.exec(headers['host'] ?? '') ?? [];
    if (byHost !== undefined) return { bucket: byHost, key: path };
    const [, name, key = ''] = start.exec(path) ?? [];
    return name === undefined ? undefined : { bucket: name, key };
  };
}
