/**
 * Notices manifests in the watched folder and tells `plan-manifest`, with the event S3 would send.
 * Looks at everything when it starts and once a minute besides, so that nothing missed stays missed.
 */
import { mkdir } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { watch } from 'chokidar';
import type { Log } from '../shared/log.ts';
import { isManifestKey } from '../shared/manifest/path.ts';
import type { ObjectInfo, Objects } from '../shared/objects/port.ts';
import type { EventHandler } from './http.ts';

export interface InboxOptions {
  readonly objects: Objects;
  readonly plan: EventHandler;
  readonly log: Log;
  /** A file is complete once it has not grown for this long. @default 300 */
  readonly settledMs?: number;
  /** @default 60000 */
  readonly scanMs?: number;
  /** Called when something was planned. */
  readonly onPlanned?: () => void;
}

export interface Inbox {
  /** Plans the object now, unless this version of it was planned already. */
  notice(key: string): Promise<void>;
  stop(): Promise<void>;
}

const PREFIX = 'cos-fetch/';

export async function startInbox(options: InboxOptions): Promise<Inbox> {
  const { objects, plan, log, settledMs = 300, scanMs = 60_000, onPlanned } = options;
  const planned = new Map<string, string>();
  let last: Promise<void> = Promise.resolve();

  const planOnce = async (info: ObjectInfo): Promise<void> => {
    const { key, etag, sizeBytes } = info;
    if (planned.get(key) === etag || !isManifestKey(key)) return;
    try {
      await plan(uploadEvent(objects.bucket, info));
      planned.set(key, etag);
      onPlanned?.();
    } catch (error) {
      log.error('inbox.failed', { key, sizeBytes }, error);
    }
  };

  /** One after the other, so that a version is not planned twice at once. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    last = last.then(work).catch((error: unknown) => log.error('inbox.failed', {}, error));
    return last;
  };
  const notice = (key: string) =>
    inTurn(async () => {
      const info = await objects.head(key);
      if (info) await planOnce(info);
    });
  const scan = () =>
    inTurn(async () => {
      for await (const info of objects.list(PREFIX)) await planOnce(info);
    });

  const folder = join(objects.bucket, PREFIX);
  await mkdir(folder, { recursive: true });
  const watcher = watch(folder, {
    ignoreInitial: true,
    // Files that are still being written, by us or by an editor.
    ignored: (path) => basename(path).startsWith('.') && path !== folder,
    awaitWriteFinish: { stabilityThreshold: settledMs, pollInterval: Math.min(100, settledMs) },
  });
  const noticePath = (path: string) =>
    void notice(relative(objects.bucket, path).split(sep).join('/'));
  watcher.on('add', noticePath).on('change', noticePath);
  watcher.on('error', (error) => log.error('inbox.watch-failed', {}, error));
  await new Promise<void>((ready) => watcher.once('ready', ready));
  void scan();
  const timer = setInterval(scan, scanMs);

  return {
    notice,
    async stop() {
      clearInterval(timer);
      await watcher.close();
      await last;
    },
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
const uploadEvent = (bucket: string, { key, sizeBytes, etag }: ObjectInfo) => ({
  Records: [
    {
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      eventName: 'ObjectCreated:Put',
      s3: {
        bucket: { name: bucket },
        object: {
          key: encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+'),
          size: sizeBytes,
          eTag: etag,
        },
      },
    },
  ],
});
