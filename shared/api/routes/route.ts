/** The type of a route's description: what the route takes and what it returns. */
import type * as v from 'valibot';
import type { ProblemStatus } from '../../runtime/http.ts';

export type AnswerStatus = 200 | 202;

export interface RouteDescription<Route extends string = string> {
  /** `POST /fetches` */
  readonly route: Route;
  readonly id: string;
  readonly tag: 'start' | 'steer' | 'read' | 'reports' | 'providers' | 'service';
  readonly summary: string;
  readonly query?: v.GenericSchema;
  readonly body?: v.GenericSchema;
  /** The body may be left out. */
  readonly bodyOptional?: boolean;
  /** Of the body. */
  readonly example?: unknown;
  /** By status; a text is a media type without a schema. */
  readonly answers: Readonly<Partial<Record<AnswerStatus, v.GenericSchema | string>>>;
  /** What the first of them looks like. */
  readonly answer: unknown;
  /** Besides 401 and 503, and 403 of what writes. */
  readonly problems: readonly ProblemStatus[];
  /** Answers 302 for what is too long for an answer. */
  readonly mayRedirect?: boolean;
  /** No bearer token. */
  readonly isPublic?: boolean;
  /** Of a public route: a longer one is refused before it is read. */
  readonly maxBodyBytes?: number;
  /** The body only colours what the request says: one that can't be read is left out. */
  readonly isBodyHint?: boolean;
  /** Takes an `Idempotency-Key`. */
  readonly isIdempotent?: boolean;
}

/** What functions ask of a route: their bundles hold no more of it (`scripts/bundle.ts`). */
export interface ServedRoute extends Pick<RouteDescription, 'route' | 'isPublic'> {
  /** Whether there are any. */
  readonly query?: unknown;
}

/** As a deployment lists them: `POST /fetches`. */
export const routesOf = (described: readonly ServedRoute[]): readonly string[] =>
  described.map(({ route }) => route);
