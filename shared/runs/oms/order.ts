/**
 * What a run is to create, kept in the object store until it closes: the order as it was asked for,
 * and what its list turned out to be. It holds no keys.
 */
import { isRecord } from '../../lib/values.ts';
import { omsForm } from '../../plans/oms-limits.ts';
import type { OmsProject } from '../../providers/huawei/config.ts';
import type { BandwidthPolicy, OmsOrder } from '../../providers/huawei/oms/create-request.ts';
import { stagingPrefix } from '../../stores/layout.ts';
import { type Objects, readSmall } from '../../stores/objects.ts';
import type { ListFile } from './write-lists.ts';

/** A manifest in the object store, of which list files are made. */
interface OrderedList {
  readonly key: string;
  /** The version that was ordered. */
  readonly etag: string;
  /** Where the files go, in the region of the target. */
  readonly bucket: string;
}

/** Of the list files of a run; OMS keeps its own in `oms/`. */
export const folderOf = (runId: string): string => `waybill/lists/${runId}/`;

export interface CreateOrder {
  readonly project: OmsProject;
  /** The set that was named; else that of the source's bucket, or of the project. */
  readonly credentials?: string;
  /** Left out: by the numbers of the list. */
  readonly makes?: 'task' | 'group';
  readonly list?: OrderedList;
  /** Its source may be left to the list. */
  readonly order: Omit<OmsOrder, 'srcNode'> & { readonly srcNode?: OmsOrder['srcNode'] };
}

/** What is kept of a run. */
export interface KeptOrder extends CreateOrder {
  /** List files that are whole. */
  readonly files: readonly ListFile[];
  /** Slots of the pace, as its tasks have them. @default none */
  readonly paced?: BandwidthPolicy;
}

const keyOf = (runId: string): string => `${stagingPrefix(runId)}oms-create.json`;

/** Of the order and its list files: two thousand of them would be 4 billion lines. */
const MAX_BYTES = 4_194_304;

/** @throws StoreError */
export async function saveOrder(
  objects: Pick<Objects, 'put'>,
  runId: string,
  order: KeptOrder,
): Promise<void> {
  await objects.put(keyOf(runId), JSON.stringify(order));
}

/** Undefined when there is none. @throws StoreError */
export async function readOrder(
  objects: Pick<Objects, 'head' | 'read'>,
  runId: string,
): Promise<KeptOrder | undefined> {
  const info = await objects.head(keyOf(runId));
  if (!info) return undefined;
  const kept: unknown = JSON.parse(await readSmall(objects, info, MAX_BYTES));
  return isRecord(kept) ? (kept as unknown as KeptOrder) : undefined;
}

/** By the numbers of its list, where the request does not say. */
export function makesOf(
  { makes }: Pick<CreateOrder, 'makes'>,
  files: readonly ListFile[],
): 'task' | 'group' {
  const sum = (of: (file: ListFile) => number) =>
    files.reduce((total, file) => total + of(file), 0);
  return (
    makes ??
    omsForm(
      sum(({ lines }) => lines),
      sum(({ objectBytes }) => objectBytes),
    )
  );
}
