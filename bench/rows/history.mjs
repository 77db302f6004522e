// A page of 50 messages against the SELECT that gives it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { load, orders, pgbench, wrk } from '../lib/programs.mjs';

const MESSAGES = 200; // in each session, at least

async function fill(world) {
  const seqs = [...(await world.lastSeqs()).values()];
  if (Math.min(...seqs) >= MESSAGES) return;
  await load(await orders(world, { senders: 8, receivers: 0, window: 500,
    messages: MESSAGES * world.sessions.length }));
}

async function page(world) {
  await fill(world);
  return wrk(world, 'page.lua', { extra: { messages: MESSAGES } });
}

// The server's own statement, with pgbench's variables in place of $1 to $4.
async function select(world) {
  await fill(world);
  const dir = mkdtempSync(join(tmpdir(), 'hermetic-bench-'));
  const file = join(dir, 'page.sql');
  const sql = readFileSync(new URL('../../sql/message_page_after.sql',
    import.meta.url), 'utf8').replace(/^--.*\n/gm, '');
  const values = [':session', `'${world.sender.id}'`, ':after', '51'];
  writeFileSync(file, `\\set after random(0, ${MESSAGES - 50})
${sql.replace(/\$(\d)/g, (_, n) => values[n - 1])}`);
  try {
    return (await pgbench(world, file, { clients: 16,
      variables: { session: world.sessions[7].id } })).tps;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

export default [{ name: 'history', what: 'history, a page of 50 over REST',
  unit: '1/s', a: page, floor: 'the same SELECT by pgbench, 16 clients',
  b: select, goal: 0.5, better: 'more' }];
