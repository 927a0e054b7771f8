/**
 * Watches the object store for uploads and calls the functions they start, with the event S3 sends.
 * A folder's files are taken once they are complete (`settled.ts`). Everything is listed when the
 * service starts and once a minute, so a missed event is made up for.
 */
import { lstatSync, mkdirSync, type Stats } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watch } from 'chokidar';
import { ConfigError } from '../shared/lib/errors.ts';
import type { Log } from '../shared/lib/log.ts';
import type { ObjectInfo, Objects } from '../shared/stores/objects.ts';
import { atMost, STOP_MS } from './at-most.ts';
import type { EventHandler } from './http.ts';
import { isSettled, QUIET_MS, type SeenFile, seeFile } from './settled.ts';
import { uploadEvent } from './upload-event.ts';

interface InboxOptions {
  readonly objects: Objects;
  /** Where other programs write the objects as files; absent for a bucket, whose objects are whole. */
  readonly folder?: string | undefined;
  /** Prefixes of keys, each with the functions whose uploads it holds. */
  readonly uploads: readonly (readonly [prefix: string, handler: EventHandler])[];
  readonly log: Log;
  /** @default 10000 */
  readonly quietMs?: number;
  /** @default 60000 */
  readonly scanMs?: number;
  /** Called when something was planned. */
  readonly onPlanned?: () => void;
  readonly now?: () => number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** Each holds some megabytes. */
const PACKED_AT_ONCE = 4;

/** Hidden files are nobody's manifests: unfinished writes, ours or an editor's, and `.DS_Store`. */
const isHidden = (path: string): boolean => /(^|\/)\.[^/]*/.test(path);

/** @throws ConfigError (CONFIG_INVALID, `WAYBILL_OBJECTS`) when the folder can't be made or is a link */
export async function startInbox(options: InboxOptions) {
  const { folder, uploads, log, quietMs = QUIET_MS, scanMs = 60_000, now = Date.now } = options;
  const { wait = (ms) => sleep(ms, undefined, { ref: false }) } = options;
  const prefixes = [...new Set(uploads.map(([prefix]) => prefix))];
  const changed = new Set<string>();
  const intake = createIntake(options, changed);
  let last: Promise<void> = Promise.resolve();
  let stopped = false;

  /** One after the other, so that a version is not planned twice at once. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    last = last.then(work).catch((error: unknown) => log.error('inbox.failed', {}, error));
    return last;
  };

  const run = async (): Promise<void> => {
    let scannedAt = Number.NEGATIVE_INFINITY;
    while (!stopped) {
      await inTurn(intake.look);
      if (now() - scannedAt >= scanMs) {
        scannedAt = now();
        await inTurn(() => intake.scan(prefixes));
      }
      await wait(quietMs / LOOKS);
    }
  };

  const watcher =
    folder === undefined ? undefined : await watchFolder(folder, prefixes, log, changed);
  void run();

  return {
    /** Hands an object on now that was written whole, unless this version of it was already. */
    notice: (key: string) => inTurn(() => intake.take(key)),
    /** Waits for planning that has begun, at most 5 s; the next start looks at everything again. */
    async stop(): Promise<void> {
      stopped = true;
      await watcher?.close();
      await atMost(Promise.all([last, intake.unpacked()]), STOP_MS);
    },
  };
}

/** Hands complete objects on to be planned. @param changed keys that the next look takes */
function createIntake(options: InboxOptions, changed: Set<string>) {
  const { objects, folder, log, quietMs = QUIET_MS, now = Date.now } = options;
  /** Files that are not whole yet, as far as anybody can tell. */
  const waiting = new Map<string, SeenFile>();
  const planner = createPlanner(options, (key) => void waiting.delete(key));

  /** The one way in for what others write: seen by the watcher, a scan or the start. */
  const planSettled = async (info: ObjectInfo): Promise<void> => {
    const { key } = info;
    const before = waiting.get(key);
    const file = await seeFile(objects, info, now(), before);
    if (isSettled(file, now(), quietMs)) return planner.plan(info);
    if (file.isOpen && !before) log.info('inbox.open-end', { key });
    waiting.set(key, file);
  };

  /** @param work what fails with one object fails with that one alone */
  const consider = async (
    info: ObjectInfo,
    work = folder === undefined ? planner.plan : planSettled,
  ): Promise<void> => {
    if (planner.isPlanned(info)) return;
    await work(info).catch((error: unknown) => planner.failed(info, error));
  };

  return {
    /** Looks at what has changed and at what has waited for long enough. */
    async look(): Promise<void> {
      const settled = [...waiting].filter(([, file]) => isSettled(file, now(), quietMs));
      for (const [key] of settled) changed.add(key);
      for (const key of changed) {
        changed.delete(key);
        const info = await objects.head(key);
        if (info) await consider(info);
        else waiting.delete(key);
      }
    },
    async scan(prefixes: readonly string[]): Promise<void> {
      for (const prefix of prefixes) {
        for await (const info of objects.list(prefix)) {
          if (!isHidden(info.key)) await consider(info);
        }
      }
    },
    /** Plans an object that was written whole. */
    async take(key: string): Promise<void> {
      const info = await objects.head(key);
      if (info) await consider(info, planner.plan);
    },
    unpacked: planner.unpacked,
  };
}

/** Calls the functions of an upload, once for each version. @param forget a file that waits */
function createPlanner(
  { objects, uploads, log, onPlanned }: InboxOptions,
  forget: (key: string) => void,
) {
  const planned = new Map<string, string>();
  /** Packed manifests that are being planned. */
  const unpacking = new Map<string, Promise<void>>();

  const handlersOf = (key: string): readonly EventHandler[] =>
    uploads.filter(([prefix]) => key.startsWith(prefix)).map(([, handler]) => handler);

  const planNow = async (info: ObjectInfo): Promise<void> => {
    const { key, etag } = info;
    forget(key);
    const failures: unknown[] = [];
    for (const handler of handlersOf(key)) {
      await handler(uploadEvent({ bucket: objects.bucket, ...info })).catch((error) =>
        failures.push(error),
      );
    }
    if (failures.length > 0) throw failures[0];
    planned.set(key, etag);
    onPlanned?.();
  };

  const failed = ({ key, sizeBytes }: ObjectInfo, error: unknown): void => {
    forget(key);
    log.error('inbox.failed', { key, sizeBytes }, error);
  };

  return {
    isPlanned: ({ key, etag }: ObjectInfo): boolean =>
      planned.get(key) === etag || key.endsWith('/') || handlersOf(key).length === 0,
    /** A packed manifest takes minutes, in which others don't wait for it. */
    async plan(info: ObjectInfo): Promise<void> {
      const { key } = info;
      if (!key.endsWith('.gz')) return planNow(info);
      // The next look finds what has to wait for one of these.
      if (unpacking.has(key) || unpacking.size >= PACKED_AT_ONCE) return;
      const work = planNow(info)
        .catch((error: unknown) => failed(info, error))
        .finally(() => unpacking.delete(key));
      unpacking.set(key, work);
    },
    failed,
    unpacked: () => Promise.all(unpacking.values()),
  };
}

/** At the files that wait, in the time that the smallest of them waits. */
const LOOKS = 10;

/** Puts the keys of new and changed files into `changed`. Links are not followed, as in the store. */
async function watchFolder(
  root: string,
  prefixes: readonly string[],
  log: Log,
  changed: Set<string>,
) {
  // Without a slash at its end, which would follow a link.
  const folders = prefixes.map((prefix) => resolve(root, prefix));
  for (const folder of folders) makeFolder(folder);
  const keyOf = (path: string): string => relative(root, path).split(sep).join('/');
  const watcher = watch(folders, {
    followSymlinks: false,
    ignored: (path) => isHidden(keyOf(path)),
  });
  const add = (path: string, stats?: Stats) => {
    if (stats?.isSymbolicLink()) log.warn('inbox.link-ignored', { key: keyOf(path) });
    else changed.add(keyOf(path));
  };
  watcher.on('add', add).on('change', add);
  watcher.on('error', (error) => log.error('inbox.watch-failed', {}, error));
  await new Promise<void>((ready) => watcher.once('ready', ready));
  return watcher;
}

function makeFolder(folder: string): void {
  let message: string;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    if (lstatSync(folder).isDirectory()) return;
    message = `the folder ${folder} is a symbolic link; expected a folder, as links are not followed below WAYBILL_OBJECTS`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    message = `the folder ${folder} can't be made: ${reason}`;
  }
  throw new ConfigError([{ path: 'WAYBILL_OBJECTS', message }]);
}
