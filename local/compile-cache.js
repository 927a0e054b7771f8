// Keeps what Node.js makes of the TypeScript of this checkout, so that the next start of the service takes neither its
// time nor, for as long as it runs, its memory (20 MiB). Beside the code: who may write there may change that too.
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../.build/compile-cache', import.meta.url)));
