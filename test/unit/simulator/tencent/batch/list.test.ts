import { describe, expect, it } from 'vitest';
import type { Pair } from '../../../../../shared/lib/api-request.ts';
import { NOW, sample, setup } from './setup.ts';

describe('a list of Batch jobs', () => {
  it('comes in pages, newest first, without tokens', async () => {
    const { take, call, steps, at } = await setup();
    const ids: string[] = [];
    for (const n of [1, 2, 3]) ids.unshift(await take(sample(`token-${n}`)));
    const list = async (query: readonly Pair[]) => {
      const answer = await call({ query });
      expect(answer).toMatchObject({ status: 200 });
      expect(answer.body).not.toContain('token-');
      const [, next] = /<NextToken>(.*)<\/NextToken>/.exec(answer.body) ?? [];
      return { ids: [...answer.body.matchAll(/<JobId>(.*?)</g)].map(([, id]) => id), next, answer };
    };
    const first = await list([['maxResults', '2']]);
    expect(first).toMatchObject({ ids: ids.slice(0, 2), next: ids[1] });
    expect(
      await list([
        ['maxResults', '2'],
        ['nextToken', first.next ?? ''],
      ]),
    ).toMatchObject({ ids: ids.slice(2), next: undefined });
    expect((await list([['jobStatuses', 'Complete']])).answer.body).toBe(
      '<ListJobsResult><Jobs/></ListJobsResult>',
    );
    steps(6);
    expect((await list([['jobStatuses', 'Complete']])).ids).toEqual(ids);
    expect((await list([['maxResults', '1']])).answer.body).toContain(
      '<Jobs><member><CreationTime>2026-11-20T02:00:00Z</CreationTime>' +
        `<Description>example-job</Description><JobId>${ids[0]}</JobId>` +
        '<Operation>COSPutObjectCopy</Operation><Priority>10</Priority><ProgressSummary>' +
        '<NumberOfTasksFailed>1</NumberOfTasksFailed>' +
        '<NumberOfTasksSucceeded>2</NumberOfTasksSucceeded>' +
        '<TotalNumberOfTasks>3</TotalNumberOfTasks></ProgressSummary><Status>Complete</Status>' +
        '<TerminationDate>2026-11-20T02:00:00Z</TerminationDate></member></Jobs>',
    );
    at(new Date(NOW.getTime() + 91 * 86_400_000));
    expect((await list([])).ids).toEqual([]);
  });

  it.each([
    ['maxResults', '0'],
    ['maxResults', '1001'],
    ['nextToken', 'none'],
    ['jobStatuses', 'Done'],
    ['jobStatuses', 'New,Ready'],
    ['marker', 'x'],
  ])('refuses %s=%s', async (name, value) => {
    const { call } = await setup();
    expect(await call({ query: [[name, value]] })).toMatchObject({
      status: 400,
      body: expect.stringContaining('<Code>InvalidArgument</Code>'),
    });
  });
});
