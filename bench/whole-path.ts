/**
 * The whole path per object: manifest, signature, submission, ledger, callback, outcome. Each side
 * and its provider simulator are processes of their own; the simulator downloads nothing and takes
 * any signature, for all sides alike. Start-up does not count.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Comparison } from './measure.ts';
import type { PathInput } from './path/common.ts';

const SIDES = [
  { name: 'waybill, embedded', program: 'ours', objects: 20_000 },
  { name: 'naive stack', program: 'naive', objects: 1_000 },
  { name: 'bare traffic', program: 'bare', objects: 20_000 },
] as const;

export function wholePath(): Comparison & { readonly clean: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-bench-'));
  const manifest = (objects: number): string => {
    const path = join(folder, `${objects}.csv`);
    const rows = Array.from({ length: objects }, (_, n) => `http://origin.example/o/${n},o-${n},`);
    writeFileSync(path, `url,key,md5\n${rows.join('\n')}\n`);
    return path;
  };
  return {
    metric: 'whole path per object',
    unit: 'objects/s',
    targets: [10, 0.6],
    clean: () => rmSync(folder, { recursive: true }),
    sides: SIDES.map(({ name, program, objects }) => {
      const path = manifest(objects);
      return { name, run: () => runSide(program, path, objects) };
    }),
  };
}

async function runSide(program: string, manifest: string, objects: number): Promise<number> {
  const simulator = start('../simulator/main.ts', [
    '--port',
    '0',
    '--no-downloads',
    '--any-signature',
  ]);
  try {
    const printed = await simulator.says(/# control/);
    const env = Object.fromEntries(
      [...printed.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value ?? '']),
    );
    const input: PathInput = { manifest, objects, env };
    const side = start(`./path/${program}.ts`, [JSON.stringify(input)]);
    const { seconds } = JSON.parse(await side.says(/\{"seconds":[\d.]+\}\n/)) as {
      seconds: number;
    };
    return objects / seconds;
  } finally {
    simulator.child.kill('SIGKILL');
  }
}

function start(file: string, args: readonly string[]) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const says = async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(text)) {
      const [chunk] = (await Promise.race([
        once(child.stdout, 'data'),
        once(child, 'exit').then(([code]) =>
          Promise.reject(new Error(`${file} ended with ${code}`)),
        ),
      ])) as [Buffer];
      text += chunk.toString();
    }
    return text;
  };
  return { child, says };
}
