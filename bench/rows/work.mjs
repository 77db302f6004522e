// What a page and a send cost in a database that has grown, against the same in
// one that has not: 10 million messages in one session and 100,000 sessions,
// against ten thousand messages and 200 sessions.
import { openWorld, template } from '../lib/world.mjs';
import { load, orders, wrk } from '../lib/programs.mjs';

const SMALL = { messages: 10_000, others: 0 };
const LARGE = { messages: 10_000_000, others: 100_000 };
const SENT = 20_000;

// Rows as the server makes them; indexes come afterwards, or it takes an hour.
const rows = ({ id, envelope, sender, messages, others }) => `
SET search_path = hermetic;
SET maintenance_work_mem = '1GB';
INSERT INTO session SELECT gen_random_uuid(), 'aes-256-gcm', user_id, 'invited',
  0, 0, sha256('x') FROM account, generate_series(1, ${others})
  WHERE username = '${sender.username}';
INSERT INTO session_member SELECT session_id, '${sender.id}', 0 FROM session
  WHERE session_id NOT IN (SELECT session_id FROM session_member);
INSERT INTO group_info SELECT session_id, 0, '\\x00' FROM session
  ON CONFLICT DO NOTHING;
ALTER TABLE message DROP CONSTRAINT message_pkey;
DROP INDEX message_nonce;
INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope,
                     head, sent_at)
  SELECT '${id}', i, 1, 0, '${sender.id}', substring(int8send(1700000000000 + i)
    || sha256(int8send(i)) FROM 3 FOR 16), '\\x${envelope}', sha256(int8send(i)),
    now() FROM generate_series(1, ${messages}) i;
INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope,
                     head, sent_at)
  SELECT session_id, 1, 1, 0, '${sender.id}', substring(sha256(uuid_send(
    session_id)) FROM 1 FOR 16), '\\x${envelope}', sha256(''), now()
  FROM session WHERE last_seq = 0 AND session_id <> '${id}';
UPDATE session SET last_seq = CASE WHEN session_id = '${id}' THEN ${messages}
  ELSE 1 END WHERE last_seq = 0;
ALTER TABLE message ADD PRIMARY KEY (session_id, seq);
CREATE UNIQUE INDEX message_nonce ON message (nonce, session_id);
`;

async function grown(size) {
  const world = await openWorld();
  const [session] = world.sessions;
  await world.postgres.psql(rows({ ...size, id: session.id,
    envelope: session.template.toString('hex'), sender: world.sender }));
  await world.postgres.psql('VACUUM ANALYZE');
  await world.postgres.psql('CHECKPOINT');
  const ids = await world.postgres.rows(`SELECT session_id AS id
    FROM hermetic.session WHERE session_id <> '${session.id}'
    ORDER BY sha256(uuid_send(session_id)) LIMIT 199`);
  world.some = [session, ...ids.map(({ id }) => {
    const s = { id, algorithm: session.algorithm, epoch: 0 };
    return { ...s, template: template(s) };
  })];
  return { world, session, messages: size.messages };
}

let small, large;

async function prepare(world) {
  if (large) return;
  small = await grown(SMALL);
  world.besides.push(small.world);
  large = await grown(LARGE);
  world.besides.push(large.world);
}

const page = (size, first) => async () => {
  const { world, session, messages } = size();
  return 1e6 / await wrk({ ...world, sessions: [session] }, 'page.lua',
    { connections: 4, extra: first(messages) });
};

const atStart = () => ({ first: 0, messages: 50 });
// as many in both: what is compared is how deep the index is, not the caches
const inTheMiddle = n => ({ first: n / 2, messages: SMALL.messages / 2 - 50 });

const send = size => async () => {
  const { world } = size();
  const r = await load(await orders(world, { sessions: world.some, senders: 8,
    receivers: 0, window: 500, messages: SENT }));
  return r.seconds * 1e6 / SENT;
};

const row = (name, what, cost) => ({ name: `grown-${name}`, unit: 'µs',
  what: `${what}, 10 million messages and 100,000 sessions`, before: prepare,
  a: cost(() => large), floor: 'ten thousand messages and 200 sessions',
  b: cost(() => small), goal: 1.2, better: 'less' });

export default [
  row('first', 'the first page', size => page(size, atStart)),
  row('middle', 'a page in the middle', size => page(size, inTheMiddle)),
  row('send', 'a send over WebSocket', send),
];
