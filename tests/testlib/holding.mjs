// Transactions of psql that hold locks until a test has seen who waits for them.
import { spawn } from 'node:child_process';

import { pgEnv } from './psql.mjs';
import { until } from './stack.mjs';

const held = new Set(); // psql that a failed test has left

/** Ends the transactions that are still there. */
export const letGo = () => held.forEach(child => child.kill());

/** A transaction that has done `sql` once `ready` is fulfilled; end(more) does more, and
 * commits. */
export function holding({ adminUrl }, sql) {
  const child = spawn('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1'],
    { env: { ...process.env, ...pgEnv(adminUrl), PGOPTIONS: '-c search_path=hermetic' } });
  held.add(child);
  child.on('close', () => held.delete(child));
  child.stdin.write(`BEGIN; ${sql}; SELECT 'held';\n`);
  const ready = new Promise((done, fail) => {
    child.stdout.on('data', d => { if (/held/.test(d)) done(); });
    child.stderr.on('data', d => fail(new Error(d)));
  });
  const end = (more = 'SELECT') => new Promise((done, fail) => {
    child.on('close', code => code === 0 ? done() : fail(new Error(`${code}`)));
    child.stdin.end(`${more}; COMMIT;\n`);
  });
  return { ready, end };
}

/** Until so many statements of nodes wait for somebody's lock. */
export const waits = (postgres, count) => until(async () =>
  count === Number(await postgres.psql(`SELECT count(DISTINCT pid) FROM ${postgres.waiting}
    WHERE application_name LIKE 'hermetic %'`)),
{ name: `${count} statements that wait` });
