/** Reads the allocator's document from the text of its note. */
import { isRecord } from '../../lib/values.ts';
import type { LimitsConfig } from '../config.ts';
import { type Governor, HELD_MS, newGovernor } from './allocator.ts';

const ADAPTIVE = ['rate', 'rateAt', 'windowAt', 'answers', 'throttled'];

const HOLDING = ['rate', 'rateUntil', 'slots', 'until', 'wanted', 'wantedSlots', 'since'];

/**
 * A document that can't be read, as another version of this program may have written it, is begun
 * anew: after everything that it may hold has ended.
 */
export function readGovernor(
  text: string | undefined,
  limits: LimitsConfig,
  now: number,
): Governor {
  if (text === undefined) return newGovernor(limits, now);
  const known = parsed(text);
  return isGovernor(known) ? known : { ...newGovernor(limits, now), notBefore: now + HELD_MS };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isGovernor = (value: unknown): value is Governor =>
  isRecord(value) &&
  Number.isFinite(value['notBefore']) &&
  hasNumbers(value['adaptive'], ADAPTIVE) &&
  isRecord(value['workers']) &&
  Object.values(value['workers']).every((holding) => hasNumbers(holding, HOLDING));

const hasNumbers = (value: unknown, names: readonly string[]): boolean =>
  isRecord(value) && names.every((name) => Number.isFinite(value[name]));
