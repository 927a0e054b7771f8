/**
 * Who sees everything: what had its effect in the ledger, and what left for the provider. It keeps a record of
 * its own, by rules of its own, and says what must not be.
 */
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { TRANSFER_STATES } from '../../shared/ledger/merge.ts';
import { parseTransferId, type Transfer, type TransferUpdate } from '../../shared/ledger/model.ts';
import type { FetchRequest } from '../../simulator/tencent/fetch-task.ts';

export class Violation extends Error {}

type Told = Pick<TransferUpdate, 'state' | 'attempt' | 'accepted'>;

/** Whatever comes later, a success stays; else the later attempt holds, and of one attempt the later word. */
const ORDER = ['planned', 'submitting', 'submitted', 'failed', 'cancelled'];
const orderOf = ({ state, attempt }: Pick<Told, 'state' | 'attempt'>): number =>
  state === 'succeeded' ? 1e12 : attempt * 10 + ORDER.indexOf(state);

interface Known {
  order: number;
  /** Of what was tried to be told, whether or not it was heard. */
  most: number;
  readonly accepted: Set<string>;
}

export interface Attempt {
  readonly transferId: string;
  readonly attempt: number;
}

/** Out of the address that the provider calls back. */
export function attemptOf({
  successCallbackUrl = '',
}: Pick<FetchRequest, 'successCallbackUrl'>): Attempt {
  const match = /\/callbacks\/k1\.(.+)\.(\d+)\.s\.[0-9a-z]+\.[0-9a-f]+$/.exec(successCallbackUrl);
  if (!match) throw new Violation(`a request without a token of ours: ${successCallbackUrl}`);
  return { transferId: match[1] ?? '', attempt: Number(match[2]) };
}

export function createWitness(raw: Ledger) {
  const known = new Map<string, Known>();
  /** By shard, below which line something may have been sent. */
  const windows = new Map<string, { owner: string; throughs: readonly number[] }>();
  const intents = new Set<string>();
  const accepted = new Set<string>();
  /** How often each was to be sent again because nothing had arrived. */
  const resolved = new Map<string, number>();
  const faults: string[] = [];
  let effects = 0;
  const fail = (fault: string): void => {
    if (faults.length < 20) faults.push(fault);
  };

  const knownOf = (transferId: string): Known => {
    let found = known.get(transferId);
    if (!found) {
      found = { order: -1, most: -1, accepted: new Set() };
      known.set(transferId, found);
    }
    return found;
  };
  const trying = (transferId: string, told: Told): void => {
    effects += 1;
    const row = knownOf(transferId);
    row.most = Math.max(row.most, orderOf(told));
  };
  const heard = (transferId: string, told: Told): void => {
    const row = knownOf(transferId);
    row.order = Math.max(row.order, orderOf(told));
    for (const id of told.accepted) row.accepted.add(id);
  };
  /** A row never falls behind what was told, nor is it more than anybody told. */
  const judge = (transferId: string, row: Transfer | undefined): void => {
    const told = known.get(transferId);
    if (!told || told.order < 0) {
      if (row && !told) fail(`${transferId} has a row that nobody wrote`);
      return;
    }
    if (!row) {
      fail(`${transferId} was written, and has no row`);
      return;
    }
    const order = orderOf(row);
    if (order < told.order) fail(`the word of ${transferId} fell to ${row.state} ${row.attempt}`);
    if (order > told.most) fail(`${transferId} is ${row.state} ${row.attempt}, which nobody told`);
    // What is packed as a callback is written beside it stays in the pack alone.
    const isPacked = raw.packs && row.history.some(({ event }) => event === 'callback');
    for (const id of isPacked ? [] : told.accepted) {
      if (!row.accepted.includes(id)) fail(`${transferId} lost its acceptance ${id}`);
    }
    told.order = Math.max(told.order, order);
  };

  const acceptOf = (
    shardId: string,
    { line, id }: { readonly line: number; readonly id: string },
  ) => [`${shardId}.${line}`, { state: 'submitted', attempt: 1, accepted: [`1:${id}`] }] as const;

  /** The ledger, each of whose effects is seen. */
  const seen = (ledger: Ledger): Ledger => ({
    ...ledger,
    async record(transferId, update) {
      trying(transferId, update);
      await ledger.record(transferId, update);
      heard(transferId, update);
      if (update.state === 'submitting') intents.add(`${transferId}#${update.attempt}`);
      if (update.event === 'resolved' && update.state === 'submitting') {
        resolved.set(transferId, (resolved.get(transferId) ?? 0) + 1);
      }
      judge(transferId, await raw.read(transferId));
    },
    async accept(shard, acceptances) {
      const facts = acceptances.map((each) => acceptOf(shard.id, each));
      for (const [id, told] of facts) trying(id, told);
      await ledger.accept(shard, acceptances);
      for (const [id, told] of facts) heard(id, told);
      for (const [id] of facts) judge(id, await raw.read(id));
    },
    async openShard(shard, lease) {
      const opened = await ledger.openShard(shard, lease);
      if (typeof opened === 'string') return opened;
      const throughs = windows.get(shard.id)?.throughs ?? [];
      windows.set(shard.id, { owner: lease.owner, throughs });
      return opened;
    },
    async coverShard(shard, lease, window, tally, progress) {
      const answer = await ledger.coverShard(shard, lease, window, tally, progress);
      effects += 1;
      const before = windows.get(shard.id)?.throughs ?? [];
      if (answer === 'covered') {
        windows.set(shard.id, { owner: lease.owner, throughs: [...before, window.through] });
      }
      return answer;
    },
    async releaseShard(shard, lease, rest) {
      effects += 1;
      await ledger.releaseShard(shard, lease, rest);
      const held = windows.get(shard.id);
      if (!rest || held?.owner !== lease.owner) return;
      windows.set(shard.id, { owner: '', throughs: rest.map(({ through }) => through) });
    },
  });

  return {
    seen,
    faults,
    fail,
    judge,
    /** How much was written. */
    effects: () => effects,
    /** A request is about to leave. */
    sends(request: FetchRequest): void {
      const { transferId, attempt } = attemptOf(request);
      const { runId, shard, line } = parseTransferId(transferId) ?? {
        runId: '',
        shard: 0,
        line: 0,
      };
      const throughs = windows.get(`${runId}.${shard}`)?.throughs ?? [];
      const isCovered =
        attempt === 1
          ? throughs.some((through) => line < through) || intents.has(`${transferId}#1`)
          : intents.has(`${transferId}#${attempt}`);
      if (!isCovered) fail(`${transferId} leaves as attempt ${attempt} without an intent`);
    },
    /** The provider takes one. @param looks at the target so far */
    takes(request: FetchRequest, looks: number): void {
      const { transferId, attempt } = attemptOf(request);
      const name = `${transferId}#${attempt}`;
      if (accepted.has(name)) fail(`${transferId} was taken twice as attempt ${attempt}`);
      accepted.add(name);
      if (looks < (resolved.get(transferId) ?? 0)) fail(`${transferId} left again without a look`);
    },
    /** What the ledger counts is what it holds, at any moment. */
    async count(runId: string): Promise<void> {
      const run = await raw.run(runId);
      if (!run) return;
      const shards = await Array.fromAsync(raw.shards(runId));
      const rows = new Map<string, number>();
      let ended = 0;
      for (const { shard, tally, counts } of shards) {
        const of = await raw.transfersOf(runId, shard.index, TRANSFER_STATES);
        for (const row of of) {
          judge(row.transferId, row);
          rows.set(row.state, (rows.get(row.state) ?? 0) + 1);
        }
        for (const state of TRANSFER_STATES) {
          const held = of.filter((row) => row.state === state).length;
          if (held !== counts[state]) {
            fail(`shard ${shard.id} counts ${counts[state]} ${state}, and holds ${held}`);
          }
        }
        ended += tally.transfers;
      }
      for (const state of TRANSFER_STATES) {
        const unsent = state === 'planned' ? run.unsent : 0;
        const held = (rows.get(state) ?? 0) + unsent;
        if (held !== run.counts[state]) {
          fail(`run ${runId} counts ${run.counts[state]} ${state}, and holds ${held}`);
        }
      }
      const all = [...rows.values()].reduce((sum, n) => sum + n, 0);
      if (run.state === 'completed' && all !== ended) {
        fail(`run ${runId} read ${ended} transfers, and holds ${all}`);
      }
      tile(runId, shards, run.plan?.sizeBytes, run.state === 'completed', fail);
    },
  };
}

export type Witness = ReturnType<typeof createWitness>;

/** No byte is read twice at any moment, and none is left out once the run is complete. */
function tile(
  runId: string,
  shards: readonly {
    readonly tally: { readonly first?: number; readonly last?: number };
    readonly ended: boolean;
  }[],
  sizeBytes: number | undefined,
  isComplete: boolean,
  fail: (fault: string) => void,
): void {
  const parts = shards
    .filter(({ ended }) => ended)
    .map(({ tally: { first = 0, last = 0 } }) => ({ first, last }))
    .filter(({ first, last }) => last > first)
    .sort((a, b) => a.first - b.first);
  let at = 0;
  for (const { first, last } of parts) {
    if (first < at) fail(`run ${runId} read the bytes ${first} to ${at} twice`);
    if (isComplete && first > at) fail(`run ${runId} left out the bytes ${at} to ${first}`);
    at = Math.max(at, last);
  }
  if (isComplete && at !== sizeBytes) fail(`run ${runId} read ${at} of ${sizeBytes} bytes`);
}
