/** Writes the log: one JSON line per event, from named fields; never a whole event or request. */
import { toCause } from './cause.ts';
import { redact } from './redact.ts';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

type Field = string | number | boolean | null | undefined | readonly string[];

export type Fields = Readonly<Record<string, Field>>;

export interface Log {
  /** @param event what happened, such as `run.opened` */
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields, error?: unknown): void;
  error(event: string, fields?: Fields, error?: unknown): void;
}

const WEIGHT: Readonly<Record<LogLevel, number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
  silent: 4,
};

interface LogOptions {
  /** @default 'info' */
  readonly level?: LogLevel;
  /** Takes one line with its line feed. @default standard output */
  readonly write?: (line: string) => void;
  readonly now?: () => Date;
}

export function createLog({
  level = 'info',
  write = (line) => process.stdout.write(line),
  now = () => new Date(),
}: LogOptions = {}): Log {
  const log = (at: LogLevel, event: string, fields: Fields = {}, error?: unknown): void => {
    if (WEIGHT[at] < WEIGHT[level]) return;
    const record: Record<string, unknown> = { at: now().toISOString(), level: at, event };
    for (const [name, value] of Object.entries(fields)) {
      record[name] = redacted(value);
    }
    if (error !== undefined) record['cause'] = { ...toCause(error) };
    write(`${JSON.stringify(record)}\n`);
  };
  return {
    debug: (event, fields) => log('debug', event, fields),
    info: (event, fields) => log('info', event, fields),
    warn: (event, fields, error) => log('warn', event, fields, error),
    error: (event, fields, error) => log('error', event, fields, error),
  };
}

function redacted(value: Field): Field {
  if (typeof value === 'string') return redact(value);
  return Array.isArray(value) ? value.map(redact) : value;
}
