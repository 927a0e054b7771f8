/**
 * Makes the exported handler of a function: built from the environment on its first event, errors
 * answered as problem documents.
 */
import { inTime, LATE } from '../lib/deadline.ts';
import type { Env } from '../lib/env.ts';
import { ConfigError, StoreError } from '../lib/errors.ts';
import { createLog } from '../lib/log.ts';
import { isHttpEvent, problem } from './http.ts';
import type { Invocation } from './per-message.ts';

export type Handler = (event: unknown, invocation?: Invocation) => Promise<unknown>;

/** As Lambda calls it. https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
export type LambdaHandler = (
  event: unknown,
  context?: { readonly getRemainingTimeInMillis?: () => number },
) => Promise<unknown>;

function invocationOf(context: Parameters<LambdaHandler>[1]): Invocation {
  const leftMs = context?.getRemainingTimeInMillis?.();
  return leftMs === undefined ? {} : { deadline: new Date(Date.now() + leftMs) };
}

/** What a wiring gives to the functions it exposes. */
export interface Surroundings {
  /** @throws ConfigError, StoreError when secrets are named and can't be read */
  openEnv(env: Env): Promise<OpenedEnv>;
  /** Gives back what others may use while this worker stands still. */
  pause(): Promise<void>;
  /** So long after its begin a request is answered, if only with an error. */
  readonly answerMs?: number;
}

/**
 * Builds a handler on its first event, from the environment of that moment, so that importing a
 * function has no effect. A failed build is tried again with the next event.
 */
type Expose = (build: (env: Env) => Promise<Handler>) => LambdaHandler;

export const createExpose =
  ({ openEnv, pause, answerMs }: Surroundings): Expose =>
  (build) => {
    // What can't be given back now expires by itself.
    const pauseQuietly = (): Promise<void> => pause().catch(() => {});
    const current = renewed(() => openEnv(process.env), build);

    const answer: LambdaHandler = async (event, context) => {
      try {
        const handler = await current();
        try {
          return await handler(event, invocationOf(context));
        } finally {
          await pauseQuietly();
        }
      } catch (error) {
        if (error instanceof ConfigError) {
          createLog().error('config.invalid', {
            faults: error.faults.map(({ path, message }) => `${path}: ${message}`),
          });
          // The caller may know that this is not their fault, but not what is missing.
          if (isHttpEvent(event)) return problem(503, error);
        }
        // A store or a secret that is out of reach; of other events it is the sender who tries again.
        if (error instanceof StoreError && isHttpEvent(event)) {
          createLog().error('http.failed', {}, error);
          return problem(503, error);
        }
        throw error;
      }
    };

    if (answerMs === undefined) return answer;
    return async (event, context) => {
      const answering = answer(event, context);
      if (!isHttpEvent(event)) return answering;
      const answered = await inTime(answering, answerMs);
      if (answered !== LATE) return answered;
      const error = new StoreError(`There was no answer within ${answerMs} ms.`);
      createLog().error('http.failed', {}, error);
      return problem(503, error);
    };
  };

/**
 * What `build` makes of the environment, built anew when secrets changed: tokens and keys of callbacks
 * are part of it. What failed is tried again with the next call.
 */
export function renewed<Built>(
  open: () => Promise<OpenedEnv>,
  build: (env: Env) => Promise<Built>,
): () => Promise<Built> {
  let opened: Promise<OpenedEnv> | undefined;
  let built: { readonly value: Promise<Built>; readonly version: number } | undefined;
  return async () => {
    try {
      opened ??= open();
      const secrets = await opened;
      await secrets.refresh();
      const version = secrets.version();
      if (built?.version !== version) built = { value: build(secrets.env), version };
      return await built.value;
    } catch (error) {
      [opened, built] = [undefined, undefined];
      throw error;
    }
  };
}

/** The environment with everything that secrets add to it. */
export interface OpenedEnv {
  /** Changed in place when secrets are read again. */
  readonly env: Env;
  /** Grows with each change. */
  version(): number;
  /** Reads again what is old. */
  refresh(): Promise<unknown>;
}
