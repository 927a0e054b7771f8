/** The schemas of requests that create, stop, delete and pace tasks and groups of OMS v2. */
import * as v from 'valibot';
import { having, implies, inJson, strictObject } from '../lib/validate.ts';
import {
  bandwidthPolicy,
  GROUP_FIELDS,
  TASK_FIELDS,
} from '../providers/huawei/oms/create-request.ts';
import { keyBody, omsPlace } from './requests.ts';

/**
 * A manifest in the store, of which list files are made. What is uploaded under `oms-lists/` starts by
 * that alone: named here as well, its objects would be moved twice.
 */
const list = v.exactOptional(keyBody(['lists/'], {}));

/** The source may be left to the list. */
const more = { srcNode: v.exactOptional(TASK_FIELDS.srcNode), list };

const NO_SOURCE = 'is missing; expected here or by a list';

const sourceInJson = implies({ not: having('list') }, having('srcNode'));

export const createTaskBody = v.pipe(
  strictObject({ ...omsPlace, ...TASK_FIELDS, ...more }),
  v.forward(
    v.partialCheck([['srcNode'], ['list']], (body) => !!(body.srcNode ?? body.list), NO_SOURCE),
    ['srcNode'],
  ),
  inJson(sourceInJson),
);

export const createGroupBody = v.pipe(
  strictObject({ ...omsPlace, ...GROUP_FIELDS, ...more }),
  v.forward(
    v.partialCheck([['srcNode'], ['list']], (body) => !!(body.srcNode ?? body.list), NO_SOURCE),
    ['srcNode'],
  ),
  inJson(sourceInJson),
);

export const omsPlaceBody = strictObject(omsPlace);

export const bandwidthBody = strictObject({ ...omsPlace, bandwidthPolicy });
