import { describe, expect, it } from 'vitest';
import { aheadOf, isFound } from '../../../../dashboard/model/run-list.ts';
import { newRun } from '../runs.ts';

describe('a search by name', () => {
  const run = newRun({
    runId: '0123456789abcdef',
    source: {
      bucket: 'manifests',
      key: 'cos-fetch/ap-shanghai/films-1250000000/2026-11-20/Videos.csv',
      etag: 'e',
    },
    target: { region: 'ap-shanghai', bucket: 'films-1250000000' },
  });
  it.each(['videos', 'VIDEOS.CSV', 'films-125', 'ap-shanghai', '012345', ' videos '])(
    'finds a run by %j',
    (text) => {
      expect(isFound(run, text)).toBe(true);
    },
  );
  it('finds a task by its id and name, and nothing by other words', () => {
    const task = newRun({
      operation: 'oms-v2-start-task',
      task: { taskId: '4042', name: 'archive to obs' },
    });
    expect(['4042', 'Archive', ''].map((text) => isFound(task, text))).toEqual([true, true, true]);
    expect(isFound(task, 'videos')).toBe(false);
  });
});

describe('the runs ahead of one that waits', () => {
  const at = (minute: number) => `2026-11-20T10:0${minute}:00.000Z`;
  const busy = newRun({ runId: 'busy', createdAt: at(1), counts: { submitted: 3, planned: 9 } });
  const older = newRun({ runId: 'older', createdAt: at(0), counts: { succeeded: 3, planned: 9 } });
  const waits = newRun({ runId: 'waits', createdAt: at(2), counts: { planned: 5 } });

  it('are the open ones that were started before it, the oldest first', () => {
    const ended = newRun({ runId: 'ended', createdAt: at(0), state: 'completed' });
    const later = newRun({ runId: 'later', createdAt: at(3), counts: { planned: 1 } });
    const runs = [later, waits, busy, older, ended];
    expect(aheadOf(waits, runs).map(({ runId }) => runId)).toEqual(['older', 'busy']);
  });

  it('are none for a run that has sent something, that is over, or whose provider is another', () => {
    expect(aheadOf(busy, [older, busy])).toEqual([]);
    expect(aheadOf({ ...waits, state: 'cancelled' }, [older, waits])).toEqual([]);
    expect(aheadOf({ ...waits, operation: 'oms-v2-start-task' }, [older, waits])).toEqual([]);
  });
});
