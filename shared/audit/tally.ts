/** Counts verdicts, and collects the rows of reports, from one checkpoint to the next. */
import { type CollectedText, createCollectedText } from '../lib/collected-text.ts';
import type { Judgement } from './judge.ts';
import { type AuditedObject, toLine } from './object.ts';
import { extraRow, judgedRow, missingRow } from './report-rows.ts';
import type { AuditState, PartKind } from './state.ts';
import type { Work } from './work.ts';

export interface Tally {
  missing(source: AuditedObject): void;
  extra(target: AuditedObject): void;
  judged(source: AuditedObject, judgement: Judgement): void;
  /** Waits for HEADs: counted when they were asked. */
  pending(source: AuditedObject, target: AuditedObject): void;
  folderMarker(): void;
  /** Whether so much is collected that a checkpoint is due. */
  readonly isFull: boolean;
  /** Writes all of it as a checkpoint. */
  flush(change: (state: AuditState) => AuditState): ReturnType<Work['save']>;
}

/** Compared between two checkpoints, however few rows that makes. */
const MAX_COMPARED = 250_000;

export function createTally(work: Work): Tally {
  let counted = noCounts();
  let texts: Partial<Record<PartKind, CollectedText>> = {};
  let [chars, compared] = [0, 0];

  const write = (kind: PartKind, text: string): void => {
    texts[kind] ??= createCollectedText();
    texts[kind].add(text);
    chars += text.length;
  };

  return {
    missing(source) {
      compared += 1;
      counted.verdicts.missing += 1;
      write('missing', missingRow(source));
    },
    extra(target) {
      compared += 1;
      counted.verdicts.extra += 1;
      write('extra', extraRow(target));
    },
    judged(source, judgement) {
      const { verdict, by } = judgement;
      compared += 1;
      counted.verdicts[verdict] += 1;
      if (verdict === 'proved') counted.proofs[by === 'crc64' || by === 'md5' ? by : 'empty'] += 1;
      if (verdict === 'different' || verdict === 'undecided') {
        write(verdict, judgedRow(source, judgement));
      }
    },
    pending(source, target) {
      compared += 1;
      write('pending', toLine(source) + toLine(target));
    },
    folderMarker() {
      counted.folderMarkers += 1;
    },
    get isFull() {
      return chars >= work.sizes.partChars || compared >= MAX_COMPARED || work.isLate();
    },
    async flush(change) {
      const parts = { ...work.state.parts };
      for (const [kind, text] of Object.entries(texts) as [PartKind, CollectedText][]) {
        parts[kind] = await work.put(kind, text.take());
      }
      const { state } = work;
      const next = {
        ...state,
        parts,
        verdicts: add(state.verdicts, counted.verdicts),
        proofs: add(state.proofs, counted.proofs),
        folderMarkers: state.folderMarkers + counted.folderMarkers,
      };
      [counted, texts, chars, compared] = [noCounts(), {}, 0, 0];
      return work.save(change(next));
    },
  };
}

const noCounts = () => ({
  verdicts: { proved: 0, plausible: 0, undecided: 0, different: 0, missing: 0, extra: 0 },
  proofs: { crc64: 0, md5: 0, empty: 0 },
  folderMarkers: 0,
});

function add<Names extends string>(
  a: Readonly<Record<Names, number>>,
  b: Readonly<Record<Names, number>>,
): Record<Names, number> {
  const sum = { ...a } as Record<Names, number>;
  for (const name of Object.keys(b) as Names[]) sum[name] += b[name];
  return sum;
}
