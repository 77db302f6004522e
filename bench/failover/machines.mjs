// The databases of docker-compose.yml and their etcd without a container engine: each a
// machine with a network and processes of its own, which runs what its image runs, with the
// compose file's environment (machine.sh). All of it is behind a bridge in the network that
// this program is in, which has to be a namespace of its own.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { profiles, readCompose } from '../../tests/testlib/compose.mjs';
import { root, sleep, temporary, until } from '../../tests/testlib/stack.mjs';

const ip = (...args) => execFileSync('ip', args, { stdio: 'pipe' });
const { services } = readCompose(profiles.medium);
const places = { postgres: 11, standby: 12, etcd: 21, 'etcd-2': 22, 'etcd-3': 23 };
const at = name => `10.77.0.${places[name]}`;
const secrets = ['postgres', 'owner', 'api', 'rotation', 'mqtt', 'mqtt_bridge',
  'replication', 'patroni'];

/** Where a database tells its state, or undefined. */
async function asked(url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1000) });
    return await answer.json();
  } catch {
    return undefined;
  }
}

class Machine {
  constructor(name, { dir, user }) {
    Object.assign(this, { name, user, address: at(name),
      kind: services[name].command[0], dir: join(dir, name),
      space: `hermetic-${process.pid}-${name}`, cable: `hm-${places[name]}` });
    mkdirSync(join(this.dir, 'data'), { recursive: true });
    chownSync(join(this.dir, 'data'), user.uid, user.gid);
    execFileSync('cp', ['-a', join(dir, 'hosts'), join(dir, 'secrets'), this.dir]);
    ip('netns', 'add', this.space);
    ip('link', 'add', this.cable, 'type', 'veth', 'peer', 'eth0', 'netns', this.space);
    ip('link', 'set', this.cable, 'master', 'machines', 'up');
    ip('-n', this.space, 'addr', 'add', `${this.address}/24`, 'dev', 'eth0');
    for (const link of ['lo', 'eth0']) ip('-n', this.space, 'link', 'set', link, 'up');
  }

  start() {
    this.child = spawn(join(root, 'bench/failover/machine.sh'),
      [this.space, this.dir, this.kind, this.user.uid, this.user.gid], {
        stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH,
          LANG: 'C.UTF-8', ...services[this.name].environment } });
    this.log = '';
    for (const s of [this.child.stdout, this.child.stderr])
      s.on('data', data => { this.log = (this.log + data).slice(-20_000); });
    this.ended = new Promise(done => this.child.on('close', done));
  }

  /** Its processes, as this machine numbers them: those of its space. */
  pids() {
    let mine;
    try {
      mine = readlinkSync(`/proc/${this.child.pid}/ns/pid_for_children`);
    } catch { return []; }
    return readdirSync('/proc').filter(n => /^\d+$/.test(n)).filter(n => {
      try { return readlinkSync(`/proc/${n}/ns/pid`) === mine; } catch { return false; }
    }).map(Number);
  }

  // New ones may come while the others are told.
  signal(name) {
    for (const again of [0, 1])
      for (const pid of this.pids())
        try { process.kill(pid, name); } catch { /* it has just ended */ }
  }

  plug(on) { ip('link', 'set', this.cable, on ? 'up' : 'down'); }

  /** All of it: they go with the first process of their space. */
  kill() {
    for (const pid of this.pids())
      try {
        if (/^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')))
          process.kill(pid, 'SIGKILL');
      } catch { /* it has gone with it */ }
    return this.ended;
  }

  stop() {
    if (this.child) this.kill();
    try { ip('netns', 'del', this.space); } catch { /* it is gone */ }
  }
}

/**
 * { databases, etcds, urlOf(role), state(), leader(), two(), etcdLeader(), stop() }, once
 * one of the databases leads and the other one follows.
 */
export async function startMachines({ uid, gid }) {
  const dir = temporary('node');
  ip('link', 'add', 'machines', 'type', 'bridge');
  ip('addr', 'add', '10.77.0.1/24', 'dev', 'machines');
  ip('link', 'set', 'machines', 'up');
  writeFileSync(join(dir, 'hosts'), ['127.0.0.1 localhost', ...Object.keys(places)
    .map(name => `${at(name)} ${name}`), ''].join('\n'));
  mkdirSync(join(dir, 'secrets'));
  for (const name of secrets)
    writeFileSync(join(dir, 'secrets', `${name}_password`), randomBytes(18).toString('hex'));
  const all = Object.keys(places).map(name => new Machine(name, { dir,
    user: { uid, gid } }));
  const self = { etcds: all.filter(m => m.kind === 'etcd'),
    databases: all.filter(m => m.kind === 'patroni') };
  self.of = name => all.find(m => m.name === name);

  /** Each database's role and state, as whichever Patroni that answers knows them. */
  self.state = async () => {
    const answers = await Promise.all(self.databases.map(m =>
      asked(`http://${m.address}:8008/cluster`)));
    return answers.find(a => a)?.members ?? [];
  };
  self.leader = async () => (await self.state()).find(m => m.role === 'leader' &&
    m.state === 'running')?.name;
  self.two = () => until(async () => {
    const state = await self.state();
    return state.some(m => m.role === 'leader' && m.state === 'running') &&
      state.some(m => m.role === 'sync_standby' && /running|streaming/.test(m.state));
  }, { ms: 180_000, name: 'two databases' }).catch(e => {
    throw new Error(`${e.message}\n${self.databases.map(m => m.log).join('\n---\n')}`);
  });
  self.etcdLeader = async () => {
    for (const etcd of self.etcds) {
      const said = await asked(`http://${etcd.address}:2379/v2/stats/self`);
      if (said?.state === 'StateLeader') return etcd;
    }
    return self.etcds[0];
  };
  const password = role => readFileSync(join(dir, 'secrets', `${role}_password`), 'utf8');
  self.urlOf = role => `postgresql://hermetic_${role}:${password(role)}@${at('postgres')},${
    at('standby')}/hermetic?target_session_attrs=read-write`;
  self.stop = () => {
    for (const m of all) m.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  process.once('exit', self.stop);
  for (const m of self.etcds) m.start();
  await sleep(1000);
  for (const m of self.databases) m.start();
  await self.two();
  return self;
}
