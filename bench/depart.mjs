// What it takes that a device ends which is in many sessions: each of them becomes due for new
// keys (sql/functions/depart.sql), a thousand in a piece (docs/adr/0089).
//
//   make VARIANT=release programs
//   HERMETIC_BUILD=build/release node bench/depart.mjs
//
// Rows are written by SQL, five members a session. Each figure is the middle one of five
// devices; a page is 8 KiB that PostgreSQL has found or read. What others have stored is in
// the second block: were it read, pages would grow with it.
import { startPostgres } from '../tests/testlib/stack.mjs';

const ROUNDS = 5, MEMBERS = 5;
const postgres = await startPostgres({ settings: { fsync: 'on', shared_buffers: '512MB' } });
const sql = text => postgres.psql(`SET search_path = hermetic; ${text}`);
const middle = list => list.sort((x, y) => x - y)[list.length >> 1];

/** So many sessions, each of whose members are devices of strangers, and of `first` if given. */
const sessions = (name, count, first) => sql(`
  INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p)
    SELECT md5('${name}u' || i)::uuid, '${name}-' || i, '', '', 1, 1, 1
    FROM generate_series(1, ${count}) i;
  INSERT INTO device (device_id, user_id, name)
    SELECT md5('${name}d' || i)::uuid, md5('${name}u' || i)::uuid, 'x'
    FROM generate_series(1, ${count}) i;
  INSERT INTO session (session_id, algorithm, creator, join_policy, epoch, last_seq, head)
    SELECT md5('${name}s' || i)::uuid, 'aes-256-gcm', md5('${name}u' || i)::uuid, 'invited',
           0, 1, sha256(i::text::bytea) FROM generate_series(1, ${count}) i;
  INSERT INTO session_member (session_id, device_id, leaf_index)
    SELECT md5('${name}s' || i)::uuid, CASE WHEN j > 0 OR ${first ? 'false' : 'true'}
             THEN md5('${name}d' || (i + j) % ${count} + 1)::uuid
             ELSE md5('${first}')::uuid END, j
    FROM generate_series(1, ${count}) i, generate_series(0, ${MEMBERS - 1}) j;
  INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope, head, sent_at, hash)
    SELECT md5('${name}s' || i)::uuid, 1, 1, 0, md5('${name}d' || i)::uuid,
           substring(sha256(i::text::bytea) FOR 16), sha256(i::text::bytea),
           sha256(i::text::bytea), now(), sha256(i::text::bytea)
    FROM generate_series(1, ${count}) i;
  INSERT INTO welcome (session_id, device_id, seq, head, welcome)
    SELECT md5('${name}s' || i)::uuid, md5('${name}d' || i)::uuid, 1, '', ''
    FROM generate_series(1, ${count}) i`);

let made = 0;
async function end(count) {
  const [ms, pages] = [[], []];
  for (let i = 0; i < ROUNDS; i++) {
    const device = `leaves${++made}`;
    await sql(`INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p)
        VALUES (md5('${device}u')::uuid, '${device}', '', '', 1, 1, 1);
      INSERT INTO device (device_id, user_id, name)
        VALUES (md5('${device}')::uuid, md5('${device}u')::uuid, 'x')`);
    await sessions(`of${made}`, count, device);
    let took = 0, read = 0;
    for (const piece of [`end_device(md5('${device}')::uuid)`,
      ...Array(Math.ceil(count / 1000)).fill('end_devices()')]) {
      const plan = JSON.parse(await sql(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
        SELECT ${piece}`))[0];
      took += plan['Execution Time'];
      read += plan.Plan['Shared Hit Blocks'] + plan.Plan['Shared Read Blocks'];
    }
    if (await sql('SELECT count(*) FROM device_end') !== '0') throw new Error('it has not ended');
    ms.push(took);
    pages.push(read);
  }
  return { ms: middle(ms), pages: middle(pages) };
}

for (const others of [0, 100_000]) {
  if (others > 0) await sessions('other', others);
  console.log(`${others} sessions of others\n\n| sessions of the device | ms | µs a session | ` +
    'pages a session |\n| --- | --- | --- | --- |');
  for (const count of [100, 1000, 5000]) {
    const { ms, pages } = await end(count);
    console.log(`| ${count} | ${ms.toFixed(0)} | ${(ms / count * 1000).toFixed(0)} | ${
      (pages / count).toFixed(1)} |`);
  }
  console.log();
}
await postgres.stop();
