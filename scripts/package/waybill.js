#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// Starts the command line of the npm package, unless this Node is too old for it.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 13)) {
  await import('../lib/waybill.js');
} else {
  process.stderr.write(`waybill: expected Node 22.13 or newer, not ${process.version}\n`);
  process.exit(2);
}
