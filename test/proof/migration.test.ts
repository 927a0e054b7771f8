/** A migration of a million keys, 2 % of them gone, over three kills of the service. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import project from '../../package.json' with { type: 'json' };
import { killMigration } from '../fixtures/killed-migration.ts';

const KEYS = 1_000_000;

/** As `npm start` has it. */
const NODE_OPTIONS = project.scripts.start.split(' ').slice(1, -1).join(' ');

const secondsOf = (of: { readonly createdAt: string; readonly closedAt: string | null }): number =>
  (Date.parse(of.closedAt ?? '') - Date.parse(of.createdAt)) / 1_000;

it('carries a million keys, each once, in 256 MiB, with three kills of the service', async () => {
  let peakMiB = 0;
  const { done, keys, live } = await killMigration(KEYS, { NODE_OPTIONS }, (pid) => {
    const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    peakMiB = Math.max(peakMiB, Number(kib ?? 0) / 1_024);
  });
  const sent = new Set(live.simulator.submissions().map(({ key }) => key));
  expect(sent.size).toBe(keys.length);
  expect(peakMiB).toBeLessThan(256);
  const answer = await live.call(`/runs/${done.rounds[0]?.['listRunId']}`);
  const list = (await answer.json()) as { readonly createdAt: string; readonly closedAt: string };
  const [listing, whole] = [secondsOf(list), secondsOf(done)];
  console.log(
    `listed ${Math.round(KEYS / listing)} keys/s, ${Math.round((listing * 100) / whole)} % of ${Math.round(whole)} s; ${Math.round(peakMiB)} MiB at most`,
  );
}, 7_200_000);
