// What a commit costs in a session of many members, through a real node, by the
// client's code: bytes and time of an empty commit, an addition and a removal.
//
//   make VARIANT=release programs server bench-large
//   HERMETIC_BUILD=build/release node bench/large.mjs [SIZE...]   (50 500 5000)
//
// Sessions are of the rules before, without places of accounts: what these add is said
// in docs/performance.md. Members who do nothing by themselves are rows of the database.
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID, scryptSync } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { login } from '../tests/testlib/api.mjs';
import { build, startNode, startPostgres } from '../tests/testlib/stack.mjs';

const sizes = process.argv.slice(2).map(Number);
if (sizes.length === 0) sizes.push(50, 500, 5000);
const most = sizes.at(-1);
const postgres = await startPostgres({ settings: { fsync: 'on',
  synchronous_commit: 'on', full_page_writes: 'off' } });
const node = await startNode({ postgres, workers: 1, env: {
  HERMETIC_ACCESS_TOKEN_SECONDS: '86400', HERMETIC_LOGINS_PER_MINUTE: '100000',
  HERMETIC_SESSION_MEMBERS: '100000', HERMETIC_LOG_LEVEL: 'warn' } });
const person = ({ username, id, access }) =>
  ({ username, device: id, token: access });
// The bench gives its accounts passphrase hashes that cost next to nothing. Hashes at the
// full cost took longer, for so many registrations, than what the bench measures.
const count = Math.ceil(most / 16) + sizes.length + 1;
const password = randomUUID(), salt = randomBytes(16);
const hash = scryptSync(password, salt, 32, { N: 2, r: 1, p: 1 });
await postgres.psql(`SET search_path = hermetic;
  INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p)
    SELECT gen_random_uuid(), 'committer-' || i, '\\x${salt.toString('hex')}',
           '\\x${hash.toString('hex')}', 2, 1, 1 FROM generate_series(0, ${count}) i;
  INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p)
    SELECT md5('u' || i)::uuid, 'm' || lpad(i::text, 6, '0'), '', '', 1, 1, 1
    FROM generate_series(0, ${most + 100}) i;
  INSERT INTO device (device_id, user_id, name)
    SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid,
           md5('u' || i)::uuid, 'x' FROM generate_series(0, ${most + 100}) i;
  ANALYZE;`);
const committers = [];
for (let i = 0; i <= count; i++)
  committers.push(person(await login(node.url,
    { username: `committer-${i}`, password })));
const owner = committers.pop();
console.error(`${count + 1} devices are logged in`);

const child = spawn(join(build, 'bench/large/large'),
  { stdio: ['pipe', 'pipe', 'inherit'] });
const over = once(child, 'close');
child.stdin.on('error', () => {}); // it has ended: `over` says how
child.stdin.write(`${JSON.stringify({ url: node.url, session: randomUUID(), sizes,
  owner, committers })}\n`);
const rows = [];
for await (const line of createInterface({ input: child.stdout })) {
  if (line === 'wal')
    child.stdin.write(`${await postgres.psql(
      `SELECT (pg_current_wal_lsn() - '0/0')::bigint`)}\n`);
  else rows.push(JSON.parse(line));
}
const [code, signal] = await over;
await node.stop();
await postgres.stop();
if (code !== 0) {
  console.error(`bench/large/large has ended with ${signal ?? code}`);
  process.exit(1);
}
const middle = list => [...list].sort((a, b) => a - b)[list.length >> 1];
console.log('| members | commit | request | of it commit, part, Welcome | ' +
  'GroupInfo | written by PostgreSQL | made | posted | merged | followed |');
console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
for (const size of sizes)
  for (const what of ['empty', 'add', 'remove']) {
    const own = rows.filter(r => r.what === what &&
      r.members === size + (what === 'add'));
    const of = name => middle(own.map(r => r[name]));
    console.log(`| ${size} | ${what} | ${of('body')} B | ${of('commit')}, ${
      of('part')}, ${of('welcome')} B | ${of('whole')} B | ${of('wal')} B | ${
      ['make_ms', 'post_ms', 'merge_ms', 'follow_ms'].map(n =>
        `${of(n).toFixed(1)} ms`).join(' | ')} |`);
  }
