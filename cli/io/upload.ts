/** Uploads a local file to the address the service names: its bucket, or the service itself. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { uploadTicket } from './answers.ts';
import { CommandFailure, EXIT } from './failure.ts';
import { exitCodeOf, type Http, type Init, reasonOf } from './http.ts';

/** @param key of the object, not encoded */
export async function upload(http: Http, key: string, path: string): Promise<void> {
  const init = {
    method: 'POST',
    body: JSON.stringify({ key }),
    headers: { 'content-type': 'application/json' },
  };
  const answer = await http.request('/uploads', init, [404]);
  if (answer.status === 404) {
    // A service that knows no uploads takes the file itself.
    await answer.body?.cancel();
    const encoded = key.split('/').map(encodeURIComponent).join('/');
    return finish(await http.request(`/objects/${encoded}`, await fileBody('PUT', path)));
  }
  const { method, url, headers } = await http.check(uploadTicket, '/uploads', answer);
  const body = await fileBody(method, path, headers);
  if (/^https?:\/\//i.test(url)) return toStore(url, body);
  return finish(await http.request(url.startsWith('/') ? url : `/${url}`, body));
}

/** A store takes no file without its length. */
async function fileBody(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Init> {
  const { size } = await stat(path);
  return {
    method,
    headers: { ...headers, 'content-length': String(size) },
    body: Readable.toWeb(createReadStream(path)) as ReadableStream,
    duplex: 'half',
  };
}

/** Without the token, which is the service's alone. The address is signed, so no message shows it. */
async function toStore(url: string, init: Init): Promise<void> {
  const host = URL.parse(url)?.host ?? 'the store';
  let answer: Response;
  try {
    answer = await fetch(url, { ...init, redirect: 'error' });
  } catch (error) {
    const what = `the upload to ${host} broke off (${reasonOf(error)})`;
    throw new CommandFailure(what, 'Submit it again', EXIT.unreachable);
  }
  const text = await answer.text().catch(() => '');
  if (answer.ok) return;
  const code = /<Code>\s*([\w.-]{1,64})\s*<\/Code>/.exec(text)?.[1];
  const why = `status ${answer.status}${code === undefined ? '' : ` ${code}`}`;
  const todo = "Check the service's permissions on its bucket, and both clocks";
  throw new CommandFailure(`${host} refused the upload: ${why}`, todo, exitCodeOf(answer.status));
}

const finish = async (answer: Response): Promise<void> => answer.body?.cancel();
