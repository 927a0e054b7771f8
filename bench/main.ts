/**
 * `npm run bench`: measures Waybill beside its peers, sides alternating, and prints the medians.
 * `--json` prints machine-readable results, `--rounds <n>` (at least 5 to compare with the budgets)
 * and `--only <word>` narrow it. The peers are installed from `bench/package.json` on first use.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Comparison, compare, type Result } from './measure.ts';

type Metric = Comparison & { readonly clean?: () => unknown };

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
  },
});

const here = fileURLToPath(new URL('.', import.meta.url));
if (!existsSync(`${here}node_modules`)) {
  process.stderr.write('installing the peers of the benchmark\n');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: 'ignore' });
}

/** Imported late: the peers are there only now. */
const METRICS: readonly (readonly [name: string, make: () => Promise<Metric>])[] = [
  ['signing-tencent', async () => (await import('./signing.ts')).tencentSigning()],
  ['signing-huawei', async () => (await import('./signing.ts')).huaweiSigning()],
  ['listing', async () => (await import('./list.ts')).listing()],
  ['manifest', async () => (await import('./manifest.ts')).manifestReading()],
  ['callback-token', async () => (await import('./callbacks.ts')).tokenCheck()],
  ['callback-merge', async () => (await import('./callbacks.ts')).tokenAndMerge()],
  ['cold-start', async () => (await import('./cold-start.ts')).coldStart()],
  ['whole-path', async () => (await import('./whole-path.ts')).wholePath()],
];

const results: Result[] = [];
for (const [name, make] of METRICS) {
  if (!name.includes(values.only)) continue;
  const metric = await make();
  try {
    const result = await compare(metric, Number(values.rounds));
    results.push(result);
    if (!values.json) process.stdout.write(text(result));
  } finally {
    await metric.clean?.();
  }
}
if (values.json) process.stdout.write(`${JSON.stringify({ node: process.version, results })}\n`);

function text({ metric, unit, rates, ratios }: Result): string {
  const width = Math.max(...rates.map(({ name }) => name.length));
  const lines = rates.map(({ name, median }, index) => {
    const ratio = ratios[index - 1];
    const verdict = ratio
      ? `  ours is ${ratio.ratio} x, budget ${ratio.target} x: ${ratio.met ? 'met' : 'MISSED'}`
      : '';
    return `  ${name.padEnd(width)}  ${median.toLocaleString('en-US').padStart(12)} ${unit}${verdict}\n`;
  });
  return `${metric}\n${lines.join('')}\n`;
}
