/** The phase of an audit that joins both sides and judges each object. */
import { partNames } from '../ledger/written-parts.ts';
import { auditPartKey } from '../stores/layout.ts';
import { createAskSource } from './ask-source.ts';
import { isLarger, judge } from './judge.ts';
import { joinSides } from './merge-join.ts';
import type { AuditedObject } from './object.ts';
import { openSortedSide } from './sorted-side.ts';
import { createTally } from './tally.ts';
import type { Outcome, Work } from './work.ts';

/** What a HEAD of the target could tell; OBS may leave the CRC-64 out. */
const TARGET = { crc64: true, md5: true };

export async function compareSides(work: Work): Promise<Outcome> {
  const { order } = work.state;
  const [source, target] = [openSide(work, 'source'), openSide(work, 'target')];
  const { askable } = createAskSource(work.sources, () => {});
  const tally = createTally(work);
  const places = () => ({ source: source.places(), target: target.places() });
  for await (const batch of joinSides(source, target, work.sizes.batch)) {
    for (const { source: from, target: to } of batch) {
      if (!from) {
        if (to) isFolderMarker(to) ? tally.folderMarker() : tally.extra(to);
      } else if (!to) tally.missing(from);
      else {
        const ofSource = askable(from);
        const judgement = judge(from, to, {
          ...(ofSource && { source: ofSource }),
          target: TARGET,
        });
        const mayChange = judgement.verdict === 'undecided' || (ofSource && isLarger(to, from));
        if (mayChange && order.level === 'head') tally.pending(from, to);
        else tally.judged(from, judgement);
      }
    }
    if (!tally.isFull) continue;
    const saved = await tally.flush((state) => ({ ...state, joined: places() }));
    if (saved !== 'on') return saved;
  }
  const phase = order.level === 'head' ? 'heads' : 'reports';
  const saved = await tally.flush((state) => ({ ...state, phase, joined: places() }));
  return saved === 'on' ? 'done' : saved;
}

function openSide({ objects, runId, state }: Work, name: 'source' | 'target') {
  const { writers, sequences } = state[name];
  const keys = partNames(writers).map((part) => auditPartKey(runId, name, part));
  let at = 0;
  const bySequence = sequences.chunks.map((count) => {
    at += count;
    return keys.slice(at - count, at);
  });
  return openSortedSide({ objects, sequences: bySequence, from: state.joined?.[name] });
}

/** Stores make them beside the objects in a folder; lists of sources leave them out. */
const isFolderMarker = ({ key, sizeBytes }: AuditedObject): boolean =>
  sizeBytes === '0' && key.endsWith('/');
