// What is measured: a cluster with full durability, a node, and 200 sessions
// of two devices, one that sends and one that follows.
import { randomBytes } from 'node:crypto';

import { Session, base64, newUser, ok } from '../../tests/testlib/api.mjs';
import { envelope, privateMessage } from '../../tests/testlib/mls.mjs';
import { startNode, startPostgres } from '../../tests/testlib/stack.mjs';

const SESSIONS = 200;
const CIPHERTEXT = 300; // bytes

/** Each commit is flushed to the disk. */
export const cluster = { fsync: 'on', synchronous_commit: 'on',
  full_page_writes: 'on', shared_buffers: '512MB', max_wal_size: '4GB',
  min_wal_size: '1GB', max_connections: '200' };

// PostgreSQL writes the files of its log over again. In a new cluster there are
// none yet, and whoever needs the next one waits until 16 MiB of zeros are on the
// disk. So that what is measured is a cluster that has run for a while, a
// gigabyte goes through the log first.
export const worn = `
CREATE TABLE worn (bytes text);
ALTER TABLE worn ALTER COLUMN bytes SET STORAGE EXTERNAL;
INSERT INTO worn SELECT repeat(md5(i::text), 32768)
  FROM generate_series(1, 1024) i;
DROP TABLE worn;
CHECKPOINT;
`;

// Nobody renews keys here, and a run takes longer than a token lives.
export const settings = { HERMETIC_ROTATION_MESSAGES: '100000000',
  HERMETIC_ACCESS_TOKEN_SECONDS: '86400', HERMETIC_CONNECTIONS: '16000',
  HERMETIC_LOGINS_PER_MINUTE: '100000', HERMETIC_LOG_LEVEL: 'warn',
  HERMETIC_WEBSOCKETS: '16000', HERMETIC_ADDRESS_WEBSOCKETS: '16000' };

/** `settings`: of PostgreSQL, besides; `isWorn` false: without the gigabyte. */
export async function openWorld({ workers = 2, settings: more = {}, isWorn = true } = {}) {
  const postgres = await startPostgres({ settings: { ...cluster, ...more } });
  if (isWorn) await postgres.psql(worn);
  const startOne = (as = {}) =>
    startNode({ postgres, workers, env: settings, ...as });
  const node = await startOne();
  const sender = await newUser(node.url, 'sender');
  const receiver = await newUser(node.url, 'receiver');
  const sessions = [];
  for (let i = 0; i < SESSIONS; i++)
    sessions.push(await Session.create(sender));
  // a join by MLS would give the same row
  await postgres.psql(`INSERT INTO hermetic.session_member
    SELECT session_id, '${receiver.id}', 1 FROM hermetic.session`);
  await postgres.psql(floorTables);
  await postgres.psql('VACUUM ANALYZE');
  // What senders say that they have seen: an old entry, which has to be looked
  // up for each message. A recent one costs less.
  for (const s of sessions) {
    s.seen = ok(await s.send(sender), 201);
    s.template = template(s);
  }

  // `besides`: worlds of other sizes, which go with this one
  const world = { postgres, node, nodes: [node], startOne, sender, receiver,
    sessions, besides: [] };
  /** Further nodes, started when first asked for. */
  world.nodeAt = async i => world.nodes[i] ??= await startOne();
  world.lastSeqs = async () => new Map((await postgres.rows(
    'SELECT session_id, last_seq FROM hermetic.session'))
    .map(r => [r.session_id, r.last_seq]));
  world.close = async () => {
    for (const other of world.besides) await other.close();
    for (const one of world.nodes) await one?.stop();
    await postgres.stop();
  };
  return world;
}

export function template(session) {
  return envelope({ session: session.id, algorithm: session.algorithm,
    epoch: session.epoch, inner: privateMessage({ session: session.id,
      epoch: session.epoch, length: CIPHERTEXT, seen: session.seen }) });
}

export const templateText = session => base64(session.template);

// The same columns and the same indexes, of nobody's business but pgbench's.
const floorTables = `
CREATE SCHEMA floor;
CREATE TABLE floor.message (LIKE hermetic.message INCLUDING ALL);
CREATE SEQUENCE floor.seq CACHE 1000;
-- what a nonce begins with
CREATE VIEW floor.now AS SELECT substring(int8send(
  (extract(epoch FROM now()) * 1000)::bigint) FROM 3) AS ms;
CREATE TABLE floor.sample AS
  SELECT '\\x${randomBytes(400).toString('hex')}'::bytea AS envelope;
`;
