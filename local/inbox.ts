/**
 * Notices uploads in the watched folder and tells the functions they start, with the event S3 sends.
 * Looks at everything when it starts and once a minute besides, so that nothing missed stays missed.
 */
import { mkdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { watch } from 'chokidar';
import { ConfigError } from '../shared/lib/errors.ts';
import type { Log } from '../shared/lib/log.ts';
import type { ObjectInfo, Objects } from '../shared/stores/objects.ts';
import { atMost, STOP_MS } from './at-most.ts';
import type { EventHandler } from './http.ts';

export interface InboxOptions {
  readonly objects: Objects;
  /** Prefixes of keys, each with the functions whose uploads it holds. */
  readonly uploads: readonly (readonly [prefix: string, handler: EventHandler])[];
  readonly log: Log;
  /** A file is complete once it has not grown for this long. @default 300 */
  readonly settledMs?: number;
  /** @default 60000 */
  readonly scanMs?: number;
  /** Called when something was planned. */
  readonly onPlanned?: () => void;
}

export interface Inbox {
  /** Hands the object on now, unless this version of it was already. */
  notice(key: string): Promise<void>;
  /** Waits for planning under way, at most 10 s; the next start looks at everything again. */
  stop(): Promise<void>;
}

/** Hidden files are nobody's manifests: unfinished writes, ours or an editor's, and `.DS_Store`. */
const isHidden = (path: string): boolean => /(^|\/)\.[^/]*/.test(path);

/** @throws ConfigError (CONFIG_INVALID, `WAYBILL_OBJECTS`) when the folder can't be made */
export async function startInbox(options: InboxOptions): Promise<Inbox> {
  const { objects, uploads, log, settledMs = 300, scanMs = 60_000, onPlanned } = options;
  const prefixes = [...new Set(uploads.map(([prefix]) => prefix))];
  const planned = new Map<string, string>();
  let last: Promise<void> = Promise.resolve();

  const planOnce = async (info: ObjectInfo): Promise<void> => {
    const { key, etag, sizeBytes } = info;
    const handlers = uploads.filter(([prefix]) => key.startsWith(prefix) && !key.endsWith('/'));
    if (planned.get(key) === etag || handlers.length === 0) return;
    try {
      for (const [, handler] of handlers) await handler(uploadEvent(objects.bucket, info));
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
      for (const prefix of prefixes) {
        for await (const info of objects.list(prefix)) {
          if (!isHidden(info.key)) await planOnce(info);
        }
      }
    });

  const folders = prefixes.map((prefix) => join(objects.bucket, prefix));
  const keyOf = (path: string): string => relative(objects.bucket, path).split(sep).join('/');
  for (const folder of folders) {
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `the folder ${folder} can't be made: ${reason}`;
      throw new ConfigError([{ path: 'WAYBILL_OBJECTS', message }]);
    });
  }
  const watcher = watch(folders, {
    ignoreInitial: true,
    ignored: (path) => isHidden(keyOf(path)),
    awaitWriteFinish: { stabilityThreshold: settledMs, pollInterval: Math.min(100, settledMs) },
  });
  const noticePath = (path: string) => void notice(keyOf(path));
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
      await atMost(last, STOP_MS);
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
