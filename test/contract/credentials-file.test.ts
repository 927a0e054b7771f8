import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSets } from '../fixtures/credential-sets.ts';
import { temporaryFolder } from '../fixtures/stores.ts';
import { credentialsContract } from './credentials.ts';

credentialsContract('a file', async (document, fromEnv) => {
  const file = join(temporaryFolder(), 'sets.json');
  writeFileSync(file, document);
  return openSets({ file, ...(fromEnv && { fromEnv }) });
});
