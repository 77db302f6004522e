// What can go wrong. Each takes the world and a random number's maker, and
// returns when the fault is over; it names itself in detail by what it
// returns.
import { sleep, until } from '../testlib/stack.mjs';

const backends = ['writer', 'queries', 'listener', 'notifier', 'bridge',
  'bridge listener', 'rotation'];

function signal(pids, name) {
  for (const pid of pids)
    try { process.kill(pid, name); } catch { /* ended by itself */ }
}

export const faults = {
  /** Kore starts another one. */
  async worker(world, pick) {
    const [, ...workers] = pick(world.nodes).pids();
    signal([pick(workers)], 'SIGKILL');
  },
  async listener(world, pick) {
    const [, first] = pick(world.nodes).pids();
    signal([first], 'SIGKILL');
  },
  async node(world, pick) {
    const node = pick(world.nodes);
    await node.kill();
    await node.start();
  },
  async upgrade(world, pick) {
    const node = pick(world.nodes);
    signal([node.pid], 'SIGTERM');
    await node.ended;
    await node.start();
  },
  async haproxy(world) {
    await world.proxy.kill();
    await world.proxy.start();
  },
  async bridge(world) {
    await world.broker.killBridge();
    await world.broker.startBridge();
  },
  async broker(world) {
    await world.broker.killBroker();
    await world.broker.startBroker();
  },
  async rotation(world) {
    await world.rotation.kill();
    world.rotate();
  },
  async backend(world, pick) {
    const name = pick(backends);
    await world.psql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'hermetic ${name}'`);
    return name;
  },
  /** One backend stands still with whatever it holds. */
  async stall(world, pick) {
    const [pid, name] = pick((await world.psql(`SELECT pid, application_name
      FROM pg_stat_activity WHERE application_name LIKE 'hermetic %'
      ORDER BY application_name, pid`)).split('\n')).split('|');
    signal([Number(pid)], 'SIGSTOP');
    await sleep(10_000);
    signal([Number(pid)], 'SIGCONT');
    return name;
  },
  async crash(world) {
    await world.primary.restart({ downFor: 200 });
  },
  /** The disk of the database's log is full, until it gives up. */
  async disk(world) {
    const before = world.primary.log().length;
    world.disk.fill();
    try {
      await until(async () => {
        // what is left of the segments that are there already
        await world.psql('SELECT pg_switch_wal()').catch(() => {});
        return /No space left on device/.test(
          world.primary.log().slice(before));
      }, { name: 'a full disk' });
      await sleep(2000);
    } finally {
      world.disk.free();
    }
    return await world.primary.supervise() ? 'PostgreSQL ended' :
      'PostgreSQL recovered';
  },
  /** A node whose clock is wrong, within what nonces and tokens tolerate. */
  async clock(world, pick) {
    const node = pick(world.nodes), skew = pick([-90, 90]);
    await node.kill();
    await node.start({ skew });
    const said = Date.parse(node.log().match(/.*"time":"([^"]*)/s)[1]);
    if (Math.abs(said - Date.now() - skew * 1000) > 20_000)
      world.ledger.complain(`its clock was right: ${said}`);
    await sleep(4000);
    await node.kill();
    await node.start();
    return `${skew} s`;
  },
  async freeze(world, pick) {
    const pids = pick(world.nodes).pids();
    signal(pids, 'SIGSTOP');
    await sleep(10_000);
    signal(pids, 'SIGCONT');
  },
  async reset(world, pick) {
    return `${pick(world.lines).cut()} connections`;
  },
  /** The last node reaches neither clients nor the database. */
  async partition(world) {
    const lines = [world.lines.at(-1), ...world.databaseLines];
    const plug = on => world.network ? world.network.plug(on) :
      lines.forEach(l => l.silence(!on));
    plug(false);
    await sleep(6000);
    plug(true);
    return world.network ? 'its cable was out' : 'its lines were silent';
  },
  async failover(world) {
    await world.primary.kill();
    world.primary.gone = true;
    await world.standby.promote();
  },
};

/** Those that this world has, in a seeded order: each once, then at random;
 * the one that comes once is in the second half. */
export function* schedule(world, pick) {
  const has = Object.keys(faults).filter(n => world.knows(n));
  const rest = has.filter(n => n !== 'failover')
    .map(n => [pick.number(), n]).sort(([a], [b]) => a - b).map(([, n]) => n);
  if (has.includes('failover'))
    rest.splice(Math.ceil(rest.length * (0.5 + pick.number() / 2)), 0,
      'failover');
  // after the failover there is no primary left to break
  for (const name of rest)
    if (world.knows(name)) yield name;
  for (;;) {
    const name = pick(has);
    if (name !== 'failover' && world.knows(name)) yield name;
  }
}
