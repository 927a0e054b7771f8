/** The Terraform of `deploy/`, by the documented arguments of its resources and by what Waybill takes. */
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { FUNCTIONS } from '../../local/functions.ts';
import { readSettings } from '../../local/settings.ts';
import { prepareTool, programOf } from '../../scripts/python-tools.ts';
import { NAMES } from '../../shared/wiring/config/names.ts';
import { temporaryFolder } from '../fixtures/stores.ts';
import documented from '../fixtures/terraform-resources.json' with { type: 'json' };

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Arguments {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  readonly blocks?: Readonly<Record<string, Arguments>>;
}

/** Of blocks; expressions stay text. */
type Hcl = Readonly<Record<string, unknown>>;

/** Of every resource. */
const META = ['for_each', 'count', 'depends_on', 'lifecycle', 'provider'];

const unquoted = (text: string): string => text.replace(/^"(.*)"$/s, '$1');
const textOf = (value: unknown): string => unquoted(String(value));

/** What the documentation doesn't know, and what it asks for besides. */
function faultsIn(block: Hcl, { required, optional, blocks = {} }: Arguments): readonly string[] {
  const faults: string[] = [];
  const inner: (readonly [name: string, block: Hcl])[] = [];
  const given = new Set<string>();
  for (const [name, value] of Object.entries(block)) {
    if (name === '__is_block__' || META.includes(name)) continue;
    if (name === 'dynamic') {
      for (const each of value as readonly Record<string, { content: readonly Hcl[] }>[]) {
        for (const [label, { content }] of Object.entries(each).filter(
          ([key]) => key !== '__is_block__',
        )) {
          inner.push([unquoted(label), content[0] ?? {}]);
        }
      }
    } else if (blocks[name]) {
      for (const each of value as readonly Hcl[]) inner.push([name, each]);
    } else given.add(name);
  }
  for (const name of given) {
    if (![...required, ...optional].includes(name)) faults.push(`${name} is not documented`);
  }
  for (const name of required) if (!given.has(name)) faults.push(`${name} is missing`);
  for (const [name, each] of inner) {
    const about = blocks[name];
    if (!about) faults.push(`${name} is not documented`);
    else faults.push(...faultsIn(each, about).map((fault) => `${name}: ${fault}`));
  }
  return faults;
}

const PREFIXES = FUNCTIONS.flatMap(({ deployment: { uploads = [] } }) => uploads);
const SCHEDULES = FUNCTIONS.flatMap(({ deployment: { schedules = [] } }) =>
  schedules.map(({ name }) => name),
);

beforeAll(() => prepareTool('hcl2'), 300_000);

const toJson = async (path: string): Promise<Record<string, readonly Hcl[]>> =>
  JSON.parse((await run(programOf('hcl2'), [path])).stdout);

describe.each([
  ['scf', '9000'],
  ['functiongraph', '8000'],
])('deploy/%s', (folder, port) => {
  const path = join(ROOT, 'deploy', folder);
  const text = ['main.tf', 'variables.tf']
    .map((file) => readFileSync(join(path, file), 'utf8'))
    .join('\n');
  const parsed = new Map<string, Promise<Record<string, readonly Hcl[]>>>();
  const parse = (file: string) => {
    const parsing = parsed.get(file) ?? toJson(join(path, file));
    parsed.set(file, parsing);
    return parsing;
  };
  const resources = async () =>
    ((await parse('main.tf'))['resource'] ?? []).flatMap((each) =>
      Object.entries(each as Record<string, Record<string, Hcl>>)
        .filter(([key]) => key !== '__is_block__')
        .flatMap(([type, named]) =>
          Object.entries(named).map(([name, block]) => ({
            type: unquoted(type),
            name: unquoted(name),
            block,
          })),
        ),
    );

  /** What `main.tf` sets itself. */
  const settingsOf = async (): Promise<Record<string, string>> => {
    const [locals = {}] = (await parse('main.tf'))['locals'] ?? [];
    const pairs = textOf(locals['settings']).matchAll(/([A-Z][A-Z0-9_]+) = ("[^"]*"|[\w.()]+)/g);
    return Object.fromEntries(
      [...pairs].map(([, name = '', value = '']) => [
        name,
        unquoted(value)
          .replace(/\$\{var\.bucket\}/, 'waybill-manifests-1250000000')
          .replace('var.region', 'ap-guangzhou')
          .replace('tostring(local.timeout_seconds)', String(locals['timeout_seconds'])),
      ]),
    );
  };
  /** The example of the page: its variables, and the settings among them with places filled in. */
  const exampleOf = async () => {
    const page = readFileSync(join(ROOT, 'docs', `${folder}.md`), 'utf8');
    const [, block = ''] = /```hcl\n([\s\S]*?)```/.exec(page) ?? [];
    const file = join(temporaryFolder(), 'example.tfvars');
    writeFileSync(file, block);
    const example: Record<string, unknown> = await toJson(file);
    const maps = [example['settings'], example['secrets']] as readonly (Hcl | undefined)[];
    const settings = maps.flatMap((map = {}) =>
      Object.entries(map).map(([name, value]) => [
        name,
        textOf(value)
          .replaceAll('<project>', '0123456789abcdef0123456789abcdef')
          .replaceAll(/<[^>]*>/g, 'thirty-two-random-characters-here')
          .replace(/^…$/, '0123456789abcdef0123456789abcdef'),
      ]),
    );
    return { given: Object.keys(example), settings: Object.fromEntries(settings) };
  };

  it('gives its resources documented arguments, and all that are required', async () => {
    const found = await resources();
    expect(found.length).toBeGreaterThan(3);
    const pages: Readonly<Record<string, Arguments>> = documented;
    for (const { type, name, block } of found) {
      const about = pages[type];
      expect(about, type).toBeDefined();
      expect(about && faultsIn(block, about), `${type}.${name}`).toEqual([]);
    }
    const page = documented.tencentcloud_scf_trigger;
    expect(faultsIn({ triggername: '"a"', type: '"timer"' }, page)).toEqual([
      'triggername is not documented',
      'function_name is missing',
      'trigger_name is missing',
    ]);
  });

  it('names only variables that it declares, and only resources that it has', async () => {
    const declared = ((await parse('variables.tf'))['variable'] ?? []).flatMap((each) =>
      Object.keys(each).map(unquoted),
    );
    const named = new Set([...text.matchAll(/\bvar\.(\w+)/g)].map(([, name = '']) => name));
    expect([...named].sort()).toEqual(declared.filter((name) => name !== '__is_block__').sort());
    const own = (await resources()).map(({ type, name }) => `${type}.${name}`);
    const used = [...text.matchAll(/\b(?:tencentcloud|huaweicloud)_\w+\.\w+/g)].map(
      ([name]) => name,
    );
    expect(used.filter((name) => !own.includes(name))).toEqual([]);
  });

  it('starts every function of an upload and every schedule, and the queue', async () => {
    const [locals = {}] = (await parse('main.tf'))['locals'] ?? [];
    const { prefixes, timers } = locals as {
      prefixes: readonly string[];
      timers: Readonly<Record<string, Readonly<Record<string, string>>>>;
    };
    expect(prefixes.map(unquoted).sort()).toEqual([...new Set(PREFIXES)].sort());
    const started = Object.values(timers).flatMap(({ schedules }) => textOf(schedules).split(','));
    expect(started.sort()).toEqual(['queue', ...SCHEDULES].sort());
  });

  it('runs both roles with settings that exist, on the port of the platform', async () => {
    const names = text.match(/\b(?:WAYBILL|TENCENTCLOUD|HUAWEICLOUD|OMS)_[A-Z0-9_]+\b/g) ?? [];
    expect(names.filter((name) => !NAMES.includes(name))).toEqual([]);
    const settings = await settingsOf();
    expect(settings['PORT']).toBe(port);
    const roles = [...text.matchAll(/WAYBILL_ROLE = "(\w+)"/g)].map(([, role = '']) => role);
    expect(roles).toEqual(['events', 'api']);
    for (const WAYBILL_ROLE of roles) {
      const read = readSettings({ ...settings, ...(await exampleOf()).settings, WAYBILL_ROLE });
      expect([read.role, read.eventMs]).toEqual([WAYBILL_ROLE, 900_000]);
    }
  });

  it('takes the example of its page: declared variables, and all that have no default', async () => {
    const { given } = await exampleOf();
    const variables = ((await parse('variables.tf'))['variable'] ?? []).flatMap((each) =>
      Object.entries(each as Record<string, Hcl>).filter(([name]) => name !== '__is_block__'),
    );
    const needed = variables.filter(([, about]) => !('default' in about));
    const names = variables.map(([name]) => unquoted(name));
    expect(given.filter((name) => !names.includes(name))).toEqual([]);
    expect(needed.map(([name]) => unquoted(name)).filter((name) => !given.includes(name))).toEqual(
      [],
    );
  });

  const terraform = spawnSync('terraform', ['fmt', '-check', '-diff', path], { encoding: 'utf8' });
  it.runIf(terraform.error === undefined)('is written as terraform fmt writes it', () => {
    expect([terraform.status, terraform.stdout]).toEqual([0, '']);
  });
});

it('the cron of an SCF timer has seven fields, that of FunctionGraph six', () => {
  const cronsOf = (folder: string, pattern: RegExp) =>
    ['main.tf', 'variables.tf'].flatMap((file) =>
      [...readFileSync(join(ROOT, 'deploy', folder, file), 'utf8').matchAll(pattern)].map(
        ([, cron = '']) => cron.split(' ').length,
      ),
    );
  const pattern = /(?:cron|default) += "((?:[\d*?/]+ ?){5,})"/g;
  expect(cronsOf('scf', pattern)).toEqual([7, 7, 7]);
  expect(cronsOf('functiongraph', pattern)).toEqual([6]);
});
