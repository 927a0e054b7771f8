/** The list files of a run that creates tasks: written to OBS, from checkpoint to checkpoint. */
import type { Ledger } from '../../ledger/ledger.ts';
import { InputError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { createSourceCheck, type Sources } from '../../manifest/sources/sources.ts';
import type { OpenBreaker } from '../../providers/huawei/breaker.ts';
import { listName, type ObsLists } from '../../providers/huawei/obs-lists.ts';
import type { OmsOrder } from '../../providers/huawei/oms/create-request.ts';
import type { ListShape } from '../../providers/huawei/oms/list-lines.ts';
import type { CredentialSets } from '../../stores/credential-sets.ts';
import { changedObject, noObject } from '../../stores/object-keys.ts';
import type { Objects } from '../../stores/objects.ts';
import { folderOf, type KeptOrder, saveOrder } from './order.ts';
import { noteLists } from './remove-lists.ts';
import { nodeOf } from './source-node.ts';
import { type ListLimits, type WrittenLists, writeLists } from './write-lists.ts';

export interface ListsOptions {
  readonly ledger: Pick<Ledger, 'readNote' | 'run' | 'swapNote'>;
  readonly objects: Objects;
  readonly sources: Sources;
  readonly sets: CredentialSets;
  readonly openBreaker: OpenBreaker;
  readonly lists: ObsLists;
  readonly limits?: ListLimits;
  readonly log: Log;
  readonly now: () => Date;
}

/**
 * Where the objects of a list are, in the words of OMS.
 * @throws InputError (NOT_FOUND, MANIFEST_INVALID)
 */
function sourceNode(
  { source, taskType }: ListShape,
  sources: Pick<Sources, 'find'>,
): OmsOrder['srcNode'] {
  if (taskType === 'url_list') return { cloudType: 'URLSource' };
  const found = source && sources.find(source);
  if (!found || 'names' in found) {
    throw invalid('NOT_FOUND', 'The source of the list is not configured.');
  }
  const node = nodeOf(found);
  if (node) return node;
  throw invalid('MANIFEST_INVALID', `OMS can't read a source of kind ${found.kind}.`);
}

/** The order with what its list tells. @throws InputError */
export function completed(
  { order }: KeptOrder,
  { shape }: WrittenLists,
  sources: Pick<Sources, 'find'>,
): OmsOrder {
  const { savePrefix, taskType } = shape;
  const { dstNode, srcNode = sourceNode(shape, sources) } = order;
  const prefix = savePrefix !== '' && { savePrefix };
  return { ...order, taskType, srcNode, dstNode: { ...dstNode, ...prefix } };
}

/**
 * Writes the list files of a run, from where an earlier call ended.
 * @returns undefined when the time, or the run, ended first
 * @throws InputError; ProviderError, StoreError
 */
export async function writeFiles(
  runId: string,
  kept: KeptOrder & { readonly list: NonNullable<KeptOrder['list']> },
  deadline: Date,
  options: ListsOptions,
): Promise<WrittenLists | undefined> {
  const { ledger, limits, lists, log, now, objects, openBreaker, sets, sources } = options;
  const { list, order, project } = kept;
  const { srcNode, taskType } = order;
  const info = await objects.head(list.key);
  if (!info) throw noObject(list.key);
  if (info.etag !== list.etag) throw changedObject(list.key);
  const credentials = kept.credentials ?? project.credentials;
  const keys = await sets.get('oms', credentials);
  const placeOf = (index: number) => ({
    region: project.region,
    bucket: list.bucket,
    key: folderOf(runId) + listName(index),
  });
  // A wrong key is found by one HEAD, and counted: five bad checks lock it.
  await openBreaker(project.region, keys.dstAk).run(() => lists.sizeOf(placeOf(0), keys));
  await noteLists(ledger, runId, { region: project.region, bucket: list.bucket, credentials });
  const files = [...kept.files];
  const check = createSourceCheck(sources);
  const isGiven = taskType === 'list' || taskType === 'url_list';
  return writeLists({
    objects,
    info,
    given: {
      ...(isGiven && { taskType }),
      ...(srcNode?.bucket !== undefined && { bucket: srcNode.bucket }),
      ...(order.dstNode.savePrefix !== undefined && { savePrefix: order.dstNode.savePrefix }),
    },
    ...(limits && { limits }),
    // OMS reads sources with keys: a domain of one's own is not needed.
    ...(!srcNode && {
      checkSource: (address) => {
        const fault = check(address);
        return fault?.reason === 'URL_SOURCE_DOMAIN' ? undefined : fault;
      },
    }),
    written: kept.files,
    write: (index, content) => lists.write(placeOf(index), content, keys),
    async onFile(file) {
      files.push(file);
      await saveOrder(objects, runId, { ...kept, files });
      log.info('oms.list-written', { runId, lines: file.lines, sizeBytes: file.sizeBytes });
      return now() < deadline && (await ledger.run(runId))?.state === 'planning';
    },
  });
}

function invalid(code: 'NOT_FOUND' | 'MANIFEST_INVALID', message: string): InputError {
  return new InputError(code, message, [{ path: 'list', message }]);
}
