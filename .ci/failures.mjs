// One line for each test that a vitest JSON report tells as failed: where it stands, and why.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
for (const { name, assertionResults } of testResults) {
  for (const { fullName, status, failureMessages } of assertionResults) {
    if (status !== 'failed') continue;
    const why = failureMessages.join(' ').split('\n', 1)[0];
    console.log(`${relative('.', name)}: ${fullName}: ${why}`);
  }
}
