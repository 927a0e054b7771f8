/** Functions on AWS: many processes, each with a clock of its own, that share a table and a queue. */
import { trySeeds } from './seeds.ts';
import { openCloud } from './site.ts';

trySeeds('functions', openCloud);
