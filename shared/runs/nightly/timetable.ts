/**
 * The timetable of nightly passes, a note in the ledger: when the next one begins, as far as the
 * clock that starts it says so, and whether somebody requested one now.
 */
import * as v from 'valibot';
import type { Ledger } from '../../ledger/ledger.ts';
import { type Notes, noteParser, updateNote } from '../../ledger/notes.ts';

const instant = v.pipe(v.string(), v.isoTimestamp());

const timetableShape = v.object({
  nextAt: v.exactOptional(instant),
  /** Of the schedule: an IANA name such as `Asia/Shanghai`. */
  timeZone: v.exactOptional(v.string()),
  /** Of a pass that has not begun. */
  requestedAt: v.exactOptional(instant),
});

export type Timetable = v.InferOutput<typeof timetableShape>;

const NAME = 'nightly';

const parse = noteParser(NAME, timetableShape, {});

export const readTimetable = async (ledger: Pick<Ledger, 'readNote'>): Promise<Timetable> =>
  parse((await ledger.readNote(NAME))?.text);

/** Requests a pass; one that was requested earlier and has not begun is the same. */
export const requestPass = (ledger: Notes, at: Date): Promise<Timetable> =>
  updateNote(ledger, NAME, parse, (found) =>
    found.requestedAt === undefined ? { ...found, requestedAt: at.toISOString() } : found,
  );

/** The pass that was requested at `requestedAt` has begun. */
export const endRequest = (ledger: Notes, requestedAt: string): Promise<Timetable> =>
  updateNote(ledger, NAME, parse, (found) => {
    const { requestedAt: known, ...rest } = found;
    return known === requestedAt ? rest : found;
  });

export const announcePass = (ledger: Notes, nextAt: Date, timeZone: string): Promise<Timetable> =>
  updateNote(ledger, NAME, parse, (found) => ({
    ...found,
    nextAt: nextAt.toISOString(),
    timeZone,
  }));
