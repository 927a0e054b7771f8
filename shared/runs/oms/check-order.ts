/** Completes and checks the order of a task or group, whose fields must fit each other. */
import { InputError, withFaults } from '../../lib/errors.ts';
import { checkFor, type OmsOrder, orderFaults } from '../../providers/huawei/oms/create-request.ts';

/** The order with all that OMS would otherwise decide by itself. */
export function withDefaults(order: OmsOrder): OmsOrder {
  const { consistencyCheck = checkFor(order.srcNode.cloudType) } = order;
  return {
    taskType: 'object',
    objectOverwriteMode: 'SIZE_LAST_MODIFIED_COMPARISON_OVERWRITE',
    enableFailedObjectRecording: true,
    ...order,
    consistencyCheck,
  };
}

/** @throws InputError (BODY_INVALID) that names every field that does not fit the others */
export function checkOrder(order: OmsOrder, hasList: boolean): void {
  const errors = [...orderFaults(order, hasList)].map(([path, message]) => ({
    path: path.join('.'),
    message,
  }));
  if (errors.length === 0) return;
  throw withFaults(new InputError('BODY_INVALID', 'The fields do not fit together.', errors));
}
