/** The embedded service: one process on one SQLite file, which dies and starts again. */
import { trySeeds } from './seeds.ts';
import { openMachine } from './site.ts';

trySeeds('one machine', openMachine);
