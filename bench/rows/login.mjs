// Logging in, and whether anybody else has to wait for it.
import { scryptSync } from 'node:crypto';
import { performance } from 'node:perf_hooks';

import { post, wrkSays } from '../lib/programs.mjs';

const LOGINS = 5;

const middle = list => list.sort((x, y) => x - y)[list.length >> 1];

async function timed(what) {
  const begin = performance.now();
  await what();
  return performance.now() - begin;
}

const once = (node, { username, password, id }) =>
  post(node, '/auth/login', { username, password, device_id: id });

async function login(world) {
  const times = [];
  for (let i = 0; i < LOGINS; i++)
    times.push(await timed(() => once(world.node, world.sender)));
  return middle(times);
}

async function scrypt(world) {
  const [{ n, r, p }] = await world.postgres.rows(`SELECT cost_n AS n,
    cost_r AS r, cost_p AS p FROM hermetic.account LIMIT 1`);
  const times = [];
  for (let i = 0; i < LOGINS; i++)
    times.push(await timed(() => scryptSync(world.sender.password,
      Buffer.alloc(16), 32, { N: n, r, p, maxmem: 256 * n * r })));
  return middle(times);
}

// A client that is heavy itself would be what is measured: so it is wrk.
async function meanwhile(world) {
  let over = false;
  const logins = Promise.all([1, 2].map(async () => {
    while (!over) await once(world.node, world.sender);
  }));
  const said = await wrkSays(world, 'get.lua', { threads: 1, connections: 1,
    extra: { path: '"/key-packages"' } });
  over = true;
  await logins;
  if (/Non-2xx|Socket errors/.test(said)) throw new Error(said);
  const [, value, unit] = said.match(/99%\s+([\d.]+)(us|ms|s)/);
  return value * { us: 0.001, ms: 1, s: 1000 }[unit];
}

export default [
  { name: 'login', what: 'login', unit: 'ms', a: login,
    floor: "scrypt's own time", b: scrypt, goal: 1.1, better: 'less' },
  { name: 'login-meanwhile', what: 'p99 of another request while two log in',
    unit: 'ms', a: meanwhile, floor: '1 ms', b: async () => 1, goal: 5,
    better: 'less' },
];
