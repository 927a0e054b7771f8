import { describe, expect, it } from 'vitest';
import { type Body, jobBody, setupBatch } from '../../../fixtures/batch.ts';

const copyWith = (change: Body) => ({
  cosPutObjectCopy: { ...jobBody().operation.cosPutObjectCopy, ...change },
});

it('a description that is too long is refused, and how long it may be is told', async () => {
  const { post, simulator } = await setupBatch();
  const { errors, status } = await post(jobBody({ description: 'x'.repeat(217) }));
  expect(status).toBe(400);
  expect(errors).toEqual([{ path: 'description', message: 'expected text of 0 to 216 bytes' }]);
  expect(simulator.batchJobs()).toEqual([]);
});

describe('a copy', () => {
  it('may replace all tags by none', async () => {
    const { finish, post, simulator, transferOf } = await setupBatch();
    const operation = copyWith({ taggingDirective: 'Replaced', newObjectTagging: [] });
    const { runId } = await post(jobBody({ operation }));
    await finish();
    expect((await transferOf(runId))?.state).toBe('succeeded');
    expect(simulator.objects.get('target-1250000000/a')?.tags).toEqual({});
  });

  it('may set metadata and tags without a value', async () => {
    const { finish, post, simulator, transferOf } = await setupBatch();
    const operation = copyWith({
      metadataDirective: 'Replaced',
      newObjectMetadata: { userMetadata: [{ key: 'Checked', value: '' }] },
      taggingDirective: 'Add',
      newObjectTagging: [{ key: 'checked', value: '' }],
    });
    const { runId } = await post(jobBody({ operation }));
    await finish();
    expect((await transferOf(runId))?.state).toBe('succeeded');
    expect(simulator.objects.get('target-1250000000/a')).toMatchObject({
      headers: { 'x-cos-meta-checked': '' },
      tags: { checked: '' },
    });
  });

  it('adds no empty list of tags', async () => {
    const { post } = await setupBatch();
    const operation = copyWith({ taggingDirective: 'Add', newObjectTagging: [] });
    expect(await post(jobBody({ operation }))).toMatchObject({
      status: 400,
      errors: [{ path: 'operation.cosPutObjectCopy.newObjectTagging' }],
    });
  });
});
