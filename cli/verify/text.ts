/** The output of `waybill verify` as text. */
import type { Checked, Kept, Proof } from '../../shared/reporting/receipt/check.ts';
import { count, plural, printable } from '../io/text.ts';

export const hasMoved = ({ state }: Proof): boolean => state === 'succeeded';

type Row = readonly [name: string, value: string];

export function verifyRows(
  checked: Checked,
  kept: readonly Kept[],
  key: string | undefined,
): readonly Row[] {
  if (!checked.verified) {
    const { file, line, message } = checked.fault;
    // What fails at its first line never was one, or can't be told from such a file any more.
    const name = line === 1 ? `${file} is no receipt` : file;
    const place = [name, line && `line ${count(line)}`].filter(Boolean).join(', ');
    return [
      ['verified', 'NO'],
      ['because', printable(place === '' ? message : `${place}: ${message}`)],
    ];
  }
  const { counts, found } = checked;
  const states = Object.entries(counts).map(([state, times]) => `${count(times)} ${state}`);
  return [
    ['verified', 'yes'],
    ['run', printable(checked.runId)],
    ['transfers', `${count(checked.transfers)}: ${states.join(', ')}`],
    ['parts', count(checked.parts)],
    ['root', checked.root],
    ['compared', kept.length > 0 ? `the same in ${kept.map(nameOf).join(' and ')}` : NOT_COMPARED],
    ...(key === undefined ? [] : keyRows(key, found)),
  ];
}

const nameOf = ({ from }: Kept): string => printable(from);
const NOT_COMPARED = 'no: give the root that was kept elsewhere with --root or --summary';

const SHOWN = 10;

function keyRows(key: string, found: readonly Proof[]): readonly Row[] {
  const head: Row = ['key', printable(key)];
  if (found.length === 0) return [head, ['moved', 'no: it is not in this receipt']];
  // What has arrived is told first.
  const told = [...found].sort((a, b) => Number(hasMoved(b)) - Number(hasMoved(a)));
  const more = found.length - SHOWN;
  return [
    head,
    ...told.slice(0, SHOWN).flatMap((proof): readonly Row[] => [
      ['moved', movedText(proof)],
      ['md5', printable(proof.md5 ?? 'none was given')],
      ['transfer', printable(proof.transferId)],
      ['place', printable(`${proof.file}, line ${count(proof.line)}`)],
    ]),
    ...(more > 0 ? [['more', `${plural(more, 'transfer')} of this key`] as const] : []),
  ];
}

function movedText({ state, at, code }: Proof): string {
  if (state === 'succeeded') return printable(`yes, ${at}`);
  const why = code === undefined ? '' : ` with ${code}`;
  return printable(`no: ${state}${why}, ${at}`);
}
