// Starts the program that makes load, and what several servers need.
import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { cluster, worn } from '../lib/world.mjs';
import { startPostgres } from '../../tests/testlib/stack.mjs';

const program = fileURLToPath(new URL('load.mjs', import.meta.url));

/** Runs it with an order; `ready` runs while its connections stand. What it counted. */
export function loadWith(order, ready) {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [program],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '', told = false;
    child.stdout.on('data', async data => {
      out += data;
      if (!ready || told || !out.includes('\n')) return;
      told = true;
      await ready();
      child.stdin.end();
    });
    child.on('close', code => code === 0 ? done(JSON.parse(out.split('\n').at(-2)))
      : fail(new Error(`${order.peer}: the load ended with ${code}`)));
    child.stdin.write(`${JSON.stringify(order)}\n`);
    if (!ready) child.stdin.end();
  });
}

/** PostgreSQL as bench/run has it: each commit is flushed, and the log's files are there. */
export async function startDatabase(settings = {}) {
  const postgres = await startPostgres({ migrate: false, admin: false,
    settings: { ...cluster, ...settings } });
  await postgres.psql(worn);
  return postgres;
}

export const versionOf = name => execFileSync('dpkg-query',
  ['-W', '-f', '${Version}', name], { encoding: 'utf8' });
