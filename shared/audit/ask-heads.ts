/** The phase of an audit that asks, object by object, for what the lists can't decide. */
import { partNames } from '../ledger/written-parts.ts';
import { sideBySide } from '../lib/side-by-side.ts';
import { textLines } from '../lib/text-lines.ts';
import { auditPartKey } from '../stores/layout.ts';
import { type AskSource, createAskSource } from './ask-source.ts';
import { isLarger, type Judgement, judge } from './judge.ts';
import { type AuditedObject, parseLine } from './object.ts';
import { createTally } from './tally.ts';
import type { Outcome, Work } from './work.ts';

/** Asked side by side; the limits of the providers pace them. */
const AT_ONCE = 64;

/** Between two checkpoints at most. */
const CHECKPOINT_MS = 15_000;

interface Pair {
  readonly source: AuditedObject;
  readonly target: AuditedObject;
  /** Behind it. */
  readonly place: { readonly part: number; readonly line: number };
}

export async function askHeads(work: Work): Promise<Outcome> {
  const { now, state } = work;
  const source = createAskSource(work.sources, () => work.count('sourceHeads'));
  const target = await work.openTarget(state.order.target, () => work.count('targetHeads'));
  const tally = createTally(work);
  let savedAt = now().getTime();
  for await (const pairs of pendingPairs(work)) {
    const found = await sideBySide(pairs, AT_ONCE, (pair) => decide(pair, source, target.head));
    for (const [at, pair] of pairs.entries()) {
      const judgement = found[at];
      if (judgement) tally.judged(pair.source, judgement);
      else tally.missing(pair.source);
    }
    if (!tally.isFull && now().getTime() < savedAt + CHECKPOINT_MS) continue;
    const headed = pairs.at(-1)?.place ?? state.headed;
    const saved = await tally.flush((before) => ({ ...before, headed }));
    if (saved !== 'on') return saved;
    savedAt = now().getTime();
  }
  const saved = await tally.flush((before) => ({ ...before, phase: 'reports' }));
  return saved === 'on' ? 'done' : saved;
}

/** Undefined when it left the target meanwhile. */
async function decide(
  { source, target, place: _ }: Pair,
  ask: AskSource,
  head: (key: string) => Promise<Partial<AuditedObject> | undefined>,
): Promise<Judgement | undefined> {
  const there = await head(target.key);
  if (!there) return undefined;
  const to = { ...target, ...there };
  const first = judge(source, to);
  const askable = ask.askable(source);
  const mayChange =
    askable &&
    (isLarger(to, source) || judge(source, to, { source: askable }).verdict === 'undecided');
  const from = mayChange ? await ask.head(source) : undefined;
  return from ? judge({ ...source, ...from }, to) : first;
}

/** Batches, from the last checkpoint on. */
async function* pendingPairs({
  objects,
  runId,
  sizes,
  state,
}: Work): AsyncGenerator<readonly Pair[]> {
  const names = partNames(state.parts.pending);
  for (const [part, name] of names.entries()) {
    if (part < state.headed.part) continue;
    const done = part === state.headed.part ? state.headed.line : 0;
    let line = 0;
    let first: AuditedObject | undefined;
    let batch: Pair[] = [];
    for await (const text of textLines(objects.read(auditPartKey(runId, 'pending', name)))) {
      line += 1;
      if (line <= done) continue;
      const object = parseLine(text);
      if (!first) {
        first = object;
        continue;
      }
      batch.push({ source: first, target: object, place: { part, line } });
      first = undefined;
      if (batch.length < Math.min(sizes.batch, 512)) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }
}
