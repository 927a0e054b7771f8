#!/usr/bin/env node
// Starts the command line on a Node that runs all of it: this one, or the `node` package's.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = new URL('./waybill.ts', import.meta.url);

if (Number.parseInt(process.versions.node, 10) >= 24) {
  await import(program.href);
} else {
  const node = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write(
      `waybill: expected Node 24 or newer, not ${process.version}. Run npm ci in its folder, which brings one.\n`,
    );
    process.exit(2);
  }
  const child = spawn(node, [fileURLToPath(program), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // A terminal gives Ctrl-C to both processes, and a service takes a second signal as haste.
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !onTerminal) child.kill(signal);
    });
  }
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
