// What crowds that would hurt others cost those who behave, and the node.
//
//   make VARIANT=release programs server
//   HERMETIC_BUILD=build/release node bench/crowd.mjs
//
// Somebody sends 25 messages a second and hears them on the same node, alone and
// beside each crowd; the crowd's own program shares the processors.
import { Session, base64, newUser } from '../tests/testlib/api.mjs';
import { drips, flood, memoryOf, mutes, percentile, probe }
  from '../tests/testlib/crowd.mjs';
import { sleep, startNode, startPostgres } from '../tests/testlib/stack.mjs';
import { wrkSays } from './lib/programs.mjs';
import { template } from './lib/world.mjs';

const SECONDS = 10;
const postgres = await startPostgres({ settings: { fsync: 'on',
  synchronous_commit: 'on' } });
const node = await startNode({ postgres, env: {
  HERMETIC_ROTATION_MESSAGES: '100000000', HERMETIC_CONNECTIONS: '8000',
  HERMETIC_QUEUE_MESSAGES: '256', HERMETIC_LOG_LEVEL: 'warn',
  HERMETIC_WEBSOCKETS: '8000' } });
const [alice, bob] = await Promise.all(['alice', 'bob'].map(n =>
  newUser(node.url, n)));
const [calm, loud] = await Promise.all([1, 2].map(async () => {
  const session = await Session.create(alice);
  await session.add(alice, bob);
  return session;
}));
const mib = n => `${(n / 2 ** 20).toFixed(1)} MiB`;

async function row(name, crowd) {
  const before = memoryOf(node);
  let most = before;
  const watch = setInterval(() => { most = Math.max(most, memoryOf(node)); },
    50);
  const calmly = await probe(alice, bob, calm);
  const what = await crowd().finally(() => clearInterval(watch));
  const { ms, statuses } = await calmly.stop();
  const refused = statuses.filter(s => s !== 201).length;
  console.log(`| ${name} | ${percentile(ms, 0.5).toFixed(1)} ms | ` +
    `${percentile(ms, 0.99).toFixed(1)} ms | ${refused} of ${statuses.length} | ` +
    `${mib(before)} | ${mib(most)} | ${what} |`);
}

console.log('| beside | p50 | p99 | refused | memory before | at most | seen |');
console.log('|---|---|---|---|---|---|---|');
try {
  await row('nobody', async () => { await sleep(SECONDS * 1000); return ''; });
  await row('1,000 subscribers that never read', async () => {
    const crowd = await mutes(node, bob, loud, 1000);
    for (let i = 0; i < 120; i++)
      await alice.post(loud.path('/send'),
        { envelope: base64(loud.envelope({ length: 60_000 })) });
    const ends = await crowd.ends();
    const told = ends.filter(e => e.code === 1013 && /^resume /.test(e.reason));
    return `${told.length} closed with 1013 and a position`;
  });
  await row('2,000 requests that drip', async () => {
    const statuses = await drips(node, 2000);
    return `${statuses.filter(s => s === 408).length} answered 408`;
  });
  await row('connections that come and go', async () => {
    const crowd = flood(node);
    await sleep(SECONDS * 1000);
    await crowd.stop();
    return `${Math.round(crowd.count / SECONDS)} a second`;
  });
  await row('wrk with 1,000 connections that send', async () => {
    const said = await wrkSays({ node, sender: alice,
      sessions: [{ id: loud.id, template: template(loud) }] }, 'send.lua',
    { seconds: SECONDS, connections: 1000 });
    const number = pattern => said.match(pattern)?.[1] ?? '0';
    return `${number(/Requests.sec: +(\d+)/)} answers a second, p99 ` +
      `${number(/99% +(\S+)/)}; shed: ${number(/Non-2xx.*: (\d+)/)}`;
  });
  await row('nobody, after it all', async () => {
    await sleep(3000);
    return '';
  });
} finally {
  await node.stop();
  await postgres.stop();
}
