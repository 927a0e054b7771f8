/** A few tasks to try things with: one of each state that matters. */
import type { HuaweiSimulator } from './simulator.ts';

export function addSamples({ groups, tasks, env }: HuaweiSimulator): void {
  const { HUAWEICLOUD_SDK_REGION: region = '', HUAWEICLOUD_SDK_PROJECT_ID: projectId = '' } = env();
  const place = { region, projectId };
  const v2 = { ...place, apiVersion: 'v2', srcBucket: 'source', dstBucket: 'destination' } as const;
  const failedObjects = [
    {
      key: 'photos/北京 1.jpg',
      code: 'UPLOAD_DST_OBJ_FAILURE-1-OBSClientUploadError',
      message: 'reset',
    },
    { key: 'photos/a+b.jpg', code: 'MIGRATE_SRC_ARCHIVE_OBJ_FAILURE', message: 'archived' },
  ];
  tasks.add({ ...v2, id: '4042', name: 'photos', status: 4, totalNum: 1_000, failedObjects });
  tasks.add({ ...v2, id: '4043', name: 'paused', status: 3, totalNum: 50 });
  tasks.add({ ...v2, id: '4044', name: 'done', status: 5, totalNum: 50 });
  tasks.add({
    ...v2,
    id: '4045',
    name: 'list',
    status: 4,
    taskType: 'url_list',
    errorCode: 'TRF.0001',
  });
  tasks.add({ ...v2, id: '4046', name: 'hopeless', status: 4, errorCode: 'TRF.0155' });
  tasks.add({ ...v2, apiVersion: 'v1', id: '16', name: 'old', status: 4, errorCode: 'TRF.0003' });
  const group = groups.add({ ...place, id: '7f1c5a8e-0000-4a44-9d55-111111111111', status: 5 });
  tasks.add({
    ...v2,
    id: '4047',
    name: 'part',
    status: 4,
    groupId: group.id,
    errorCode: 'TRF.0001',
  });
}
