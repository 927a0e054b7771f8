/** The requests that start a task of OMS or create a Batch job, from what a form holds. */
import { GROUP_ID, TASK_ID } from '../../shared/api/oms-ids.ts';

export const OMS_KINDS = ['v2/tasks', 'v1/tasks', 'v2/taskgroups'] as const;

export interface OmsForm {
  readonly kind: (typeof OMS_KINDS)[number];
  readonly id: string;
  /** What is empty is left to the service. */
  readonly region: string;
  readonly projectId: string;
  readonly credentials: string;
  readonly failedObjectsOnly: boolean;
}

export const NO_TASK: OmsForm = {
  kind: 'v2/tasks',
  id: '',
  region: '',
  projectId: '',
  credentials: '',
  failedObjectsOnly: false,
};

export interface StartRequest {
  readonly path: string;
  readonly body: unknown;
}

/** Undefined where the id is none. */
export function omsRequest(form: OmsForm): StartRequest | undefined {
  const id = form.id.trim();
  if (!(form.kind === 'v2/taskgroups' ? GROUP_ID : TASK_ID).test(id)) return undefined;
  const texts = { region: form.region, projectId: form.projectId, credentials: form.credentials };
  const given = Object.entries(texts).flatMap(([name, text]) =>
    text.trim() === '' ? [] : [[name, text.trim()] as const],
  );
  return {
    path: `oms/${form.kind}/${id}/start`,
    body: {
      ...Object.fromEntries(given),
      ...(form.failedObjectsOnly && { failedObjectsOnly: true }),
    },
  };
}

/** Undefined where the text is no JSON object; its fields are for the service to judge. */
export function batchRequest(text: string): StartRequest | undefined {
  try {
    const body: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
    return { path: 'batch-jobs', body };
  } catch {
    return undefined;
  }
}
