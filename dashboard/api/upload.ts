/** Uploads a file to where the service says, and reports the progress, which `fetch` can't. */
import type { UploadPlace } from './checks.ts';
import { Failure, kindOf, problemDetails } from './failure.ts';

export interface Upload {
  readonly file: File;
  readonly place: UploadPlace;
  /** Goes along only to the service itself, never to another store. */
  readonly token: string;
  /** 0 to 1 */
  readonly tell: (fraction: number) => void;
}

/** @throws Failure */
export const upload = ({ file, place, tell, token }: Upload): Promise<void> =>
  new Promise((done, reject) => {
    const request = new XMLHttpRequest();
    const url = new URL(place.url, document.baseURI);
    request.open(place.method, url);
    for (const [name, value] of Object.entries(place.headers)) {
      // The browser fills these in itself, and forbids it to pages.
      if (!/^(?:host|content-length)$/i.test(name)) request.setRequestHeader(name, value);
    }
    const names = Object.keys(place.headers).map((name) => name.toLowerCase());
    if (url.origin === location.origin && !names.includes('authorization')) {
      request.setRequestHeader('authorization', `Bearer ${token}`);
    }
    request.upload.addEventListener('progress', ({ loaded, total }) =>
      tell(total === 0 ? 0 : loaded / total),
    );
    request.addEventListener('error', () => reject(new Failure('offline')));
    request.addEventListener('load', () => {
      const { status, responseText } = request;
      if (status >= 200 && status < 300) return done();
      reject(new Failure(kindOf(status), problemDetails(status, parse(responseText))));
    });
    request.send(file);
  });

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
