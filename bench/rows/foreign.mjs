// One's own sessions, in a database of which others have filled 300,000, never analysed,
// against the same without these.
import { wrkSays } from '../lib/programs.mjs';

const FOREIGN = 300_000;

const filling = `
SET search_path = hermetic;
ALTER TABLE session SET (autovacuum_enabled = off);
ALTER TABLE session_member SET (autovacuum_enabled = off);
ALTER TABLE invitation SET (autovacuum_enabled = off);
INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p)
  SELECT md5('foreign ' || i)::uuid, 'foreign-' || i, '', '', 2, 1, 1
  FROM generate_series(1, 1000) i;
INSERT INTO device (device_id, user_id, name)
  SELECT md5('device ' || i)::uuid, md5('foreign ' || i)::uuid, 'x'
  FROM generate_series(1, 1000) i;
INSERT INTO session (session_id, algorithm, creator, join_policy, epoch, last_seq, head)
  SELECT md5('session ' || i)::uuid, 'aes-256-gcm',
         md5('foreign ' || i % 1000 + 1)::uuid, 'invited', 0, 0, sha256('x')
  FROM generate_series(1, ${FOREIGN}) i;
INSERT INTO session_member (session_id, device_id, leaf_index)
  SELECT md5('session ' || i)::uuid, md5('device ' || (i + j) % 1000 + 1)::uuid, j
  FROM generate_series(1, ${FOREIGN}) i, generate_series(0, 1) j;
INSERT INTO invitation (session_id, user_id, invited_by)
  SELECT md5('session ' || i)::uuid, md5('foreign ' || (i + 5) % 1000 + 1)::uuid,
         md5('foreign ' || i % 1000 + 1)::uuid
  FROM generate_series(1, ${FOREIGN}) i;
`;

async function page(world) {
  const said = await wrkSays(world, 'get.lua', { threads: 1, connections: 1,
    extra: { path: '"/sessions"' } });
  if (/Non-2xx|Socket errors/.test(said)) throw new Error(said);
  const [, value, unit] = said.match(/50%\s+([\d.]+)(us|ms|s)/);
  return value * { us: 0.001, ms: 1, s: 1000 }[unit];
}

let alone;

async function before(world) {
  alone = await page(world);
  await world.postgres.psql(filling);
}

export default [
  { name: 'foreign', what: 'a page of one\'s own sessions beside 300,000 of others',
    unit: 'ms', before, a: page, floor: 'without these', b: async () => alone,
    goal: 1.1, better: 'less' },
];
