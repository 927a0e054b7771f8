/**
 * The manifest that is being started. It outlasts views, signing in again, and every fault: what was
 * chosen stays until it is sent or dropped.
 */

import { isStartedRun, isUploadPlace } from '../api/checks.ts';
import type { Client } from '../api/client.ts';
import { type Failure, toFailure } from '../api/failure.ts';
import { upload } from '../api/upload.ts';
import type { LintFindings, LintNews, LintOrder } from '../lint/protocol.ts';
import { createStore } from '../state/store.ts';
import { manifestKey } from './place.ts';

export type LintState =
  | { readonly kind: 'reading'; readonly fraction: number }
  | { readonly kind: 'done'; readonly findings: LintFindings }
  | { readonly kind: 'failed'; readonly message: string; readonly isPacked: boolean };

interface Draft {
  readonly file: File | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly lint: LintState | undefined;
  readonly sending: 'no' | 'preparing' | 'uploading' | 'starting';
  /** Of the upload, 0 to 1. */
  readonly fraction: number;
  readonly failure: Failure | undefined;
  /** Uploaded already: a second try only starts it. */
  readonly key: string | undefined;
}

const NONE: Draft = {
  file: undefined,
  region: '',
  bucket: '',
  lint: undefined,
  sending: 'no',
  fraction: 0,
  failure: undefined,
  key: undefined,
};

export const draft = createStore<Draft>(NONE);
const change = (part: Partial<Draft>): void => draft.set({ ...draft.get(), ...part });

let worker: Worker | undefined;

/** Another place means another key. */
export const setPlace = (place: { readonly region?: string; readonly bucket?: string }): void =>
  change({ ...place, key: undefined, failure: undefined });

export function dropFile(): void {
  worker?.terminate();
  const { region, bucket } = draft.get();
  draft.set({ ...NONE, region, bucket });
}

/** Takes a file and has it linted; nothing is sent. */
export function takeFile(file: File, allowHttps: boolean): void {
  dropFile();
  change({ file, lint: { kind: 'reading', fraction: 0 } });
  const made = new Worker(new URL(LINT_WORKER, import.meta.url), { type: 'module' });
  worker = made;
  made.addEventListener('message', ({ data }: MessageEvent<LintNews>) => {
    if (worker !== made) return;
    if (data.kind === 'progress') change({ lint: { kind: 'reading', fraction: data.fraction } });
    else if (data.kind !== 'fixed') {
      change({ lint: data });
      made.terminate();
    }
  });
  made.addEventListener('error', ({ message }) => {
    if (worker === made) change({ lint: { kind: 'failed', message, isPacked: true } });
  });
  made.postMessage({ file, allowHttps } satisfies LintOrder);
}

/** The chosen file with the linter's suggested fixes applied, as a file to keep. @throws Error */
export function fixed(allowHttps: boolean): Promise<Blob> {
  const { file } = draft.get();
  if (!file) return Promise.reject(new Error('No file is chosen.'));
  const made = new Worker(new URL(LINT_WORKER, import.meta.url), { type: 'module' });
  return new Promise<Blob>((done, reject) => {
    made.addEventListener('message', ({ data }: MessageEvent<LintNews>) => {
      if (data.kind === 'fixed') done(data.content);
      else if (data.kind === 'failed') reject(new Error(data.message));
    });
    made.addEventListener('error', ({ message }) => reject(new Error(message)));
    made.postMessage({ file, allowHttps, isFix: true } satisfies LintOrder);
  }).finally(() => made.terminate());
}

/** Uploads what is there and starts it; answers the run, or undefined when it failed. */
export async function send(client: Client, token: string): Promise<string | undefined> {
  const { file, region, bucket, sending } = draft.get();
  if (!file || sending !== 'no') return undefined;
  change({ failure: undefined, fraction: 0, sending: 'preparing' });
  try {
    let { key } = draft.get();
    if (key === undefined) {
      key = manifestKey(region, bucket, file.name, new Date());
      const place = await client.post('uploads', { key }, isUploadPlace);
      change({ sending: 'uploading' });
      await upload({ file, place, token, tell: (fraction) => change({ fraction }) });
      change({ key });
    }
    change({ sending: 'starting' });
    const { runId } = await client.post('manifests', { key }, isStartedRun);
    dropFile();
    return runId;
  } catch (error) {
    change({ failure: toFailure(error), sending: 'no' });
    return undefined;
  }
}
