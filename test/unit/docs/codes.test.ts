/** docs/troubleshooting.md tells of every code there is, in the class that the program gives it. */
import { expect, it } from 'vitest';
import { REASONS } from '../../../cli/runs/check.ts';
import { createClock } from '../../../shared/lib/clock.ts';
import { huaweiError } from '../../../shared/providers/huawei/errors.ts';
import { failureReason } from '../../../shared/providers/huawei/oms/failure-reasons.ts';
import { codeClass, taskClass } from '../../../shared/providers/tencent/errors.ts';
import { problemType } from '../../../shared/runtime/http.ts';
import {
  cosCodes,
  huaweiNumbers,
  ownCauses,
  ownCodes,
  quarantineReasons,
  serverCodes,
  taskReasons,
  warningReasons,
} from '../../fixtures/codes.ts';
import { readPage } from '../../fixtures/pages-of-docs.ts';

const page = readPage('docs/troubleshooting.md');

interface Row {
  readonly codes: readonly string[];
  /** Everything behind the codes, cell by cell. */
  readonly cells: readonly string[];
}

/** The rows of the tables below a heading. */
const rowsOf = (heading: string): readonly Row[] =>
  (page.split(`\n## ${heading}\n`)[1] ?? '')
    .split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [codes = '', ...cells] = line.slice(1, -1).split('|');
      return {
        codes: [...codes.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code),
        cells: cells.map((cell) => cell.trim()),
      };
    }) ?? [];

const codesOf = (...headings: readonly string[]): ReadonlySet<string> =>
  new Set(headings.flatMap(rowsOf).flatMap(({ codes }) => codes));

const missing = (codes: readonly string[], told: ReadonlySet<string>): readonly string[] =>
  codes.filter((code) => !told.has(code));

/** The class that a row tells, of each of its codes. */
const classes = (heading: string): readonly (readonly [code: string, kind: string])[] =>
  rowsOf(heading).flatMap(({ codes, cells: [kind = ''] }) =>
    codes.map((code): [string, string] => [code, /`(\w+)`/.exec(kind)?.[1] ?? '']),
  );

it('has every code of our own, and none that is gone', () => {
  const told = codesOf('HTTP API and service', 'Transfers and runs');
  const known = [...ownCodes(), ...serverCodes()];
  expect(known.length).toBeGreaterThan(45);
  expect(missing(known, new Set([...told, ...codesOf('Lists')]))).toEqual([]);
  expect(missing([...told], new Set([...known, 'BAD_REQUEST']))).toEqual([]);
});

it('has the place that the type of each problem names', () => {
  for (const code of codesOf('HTTP API and service')) {
    const [path, anchor] = problemType(code).slice(1).split('#');
    expect(path).toBe('docs/troubleshooting.md');
    expect(page).toContain(`\`${code}\`<a id="${anchor}"></a>`);
  }
});

it('tells the class of our own causes', () => {
  const told = new Map(classes('Transfers and runs'));
  const causes = ownCauses().filter(([code]) => told.has(code));
  expect(causes.length).toBeGreaterThan(12);
  expect(causes.filter(([code, kind]) => told.get(code) !== kind)).toEqual([]);
});

it('has every reason of a NO-GO', () => {
  expect([...codesOf('NO-GO')].sort()).toEqual([...REASONS].sort());
});

it('has every reason of quarantine and every warning, and none that is gone', () => {
  const known = [...quarantineReasons(), ...warningReasons()];
  expect([...codesOf('Lines of a manifest')].sort()).toEqual([...known].sort());
});

it('has every code of COS that has a class of its own', () => {
  expect(cosCodes().length).toBeGreaterThan(15);
  expect(missing(cosCodes(), codesOf('Tencent COS'))).toEqual([]);
});

it.each(classes('Tencent COS'))('tells the class of %s: %s', (code, kind) => {
  const ofTask = ['Forbidden', 'SourceTimeout', 'TASK_FAILED'].includes(code);
  expect(ofTask ? taskClass(code) : codeClass(code, 400)).toBe(kind);
});

const OMS = 'Huawei: answers of OMS';
const GATEWAY = 'Huawei: answers of the gateway and IAM';
const TASKS = 'Huawei: why a task failed';

it('has every number of OMS, of the gateway and of failed tasks', () => {
  const numbers = huaweiNumbers('OMS_CLASSES');
  const oms = new Set([...codesOf(OMS)].map((code) => code.split('.')[1] ?? ''));
  expect(numbers.length).toBeGreaterThan(100);
  expect([...oms].sort()).toEqual([...numbers].sort());

  const gateway = huaweiNumbers('GATEWAY_CLASSES').map((number) => `APIGW.${number}`);
  expect(gateway.length).toBeGreaterThan(20);
  expect(missing(gateway, codesOf(GATEWAY))).toEqual([]);

  const reasons = taskReasons().map((number) => `TRF.${number}`);
  expect(reasons.length).toBeGreaterThan(40);
  expect([...codesOf(TASKS)].sort()).toEqual([...reasons].sort());
});

it.each([...classes(OMS), ...classes(GATEWAY)])('tells the class of %s: %s', (code, kind) => {
  const body = code.startsWith('IAM.')
    ? { error: { code: Number(code.slice(4)) } }
    : { error_code: code };
  const status = code.startsWith('IAM.') ? 401 : 400;
  const answer = { status, headers: {}, body: JSON.stringify(body) };
  expect(huaweiError(answer, 'a call', { clock: createClock(), at: new Date(0) }).class).toBe(kind);
});

it('tells what the night does about each failed task', () => {
  const words = { yes: 'yes', later: 'yes', keys: 'after you', thaw: 'after you', no: 'no' };
  for (const { codes, cells } of rowsOf(TASKS)) {
    for (const code of codes) {
      const reason = failureReason(code);
      expect(cells.slice(0, 2), code).toEqual([`\`${reason.class}\``, words[reason.restart]]);
    }
  }
});
