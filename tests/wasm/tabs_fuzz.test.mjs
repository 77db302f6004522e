// SharedClient (sdk/js/tabs.js) under schedules that a seed chooses: messages between tabs are as
// late as a channel allows, tabs are closed and killed, clients end by themselves. Whatever
// comes, what is not to be done twice is done once at most, and each call comes to an end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Failure } from '../../sdk/js/module.js';
import { SharedClient } from '../../sdk/js/tabs.js';
import { Chance } from '../testlib/chance.mjs';

const FIRST = Number(process.env.HERMETIC_SEED ?? 1);
const SEEDS = Number(process.env.HERMETIC_SEEDS ?? 400);
const STEPS = 60, TABS = 4;
const ONCE = ['create', 'leave', 'approve', 'ban'], AGAIN = ['sessions', 'readTo', 'type'];

const settled = () => new Promise(setImmediate);
const platform = globalThis.BroadcastChannel;
let world;

/** What is posted comes to each other channel in the order of its sender, and in no order else. */
class Channel {
  constructor() {
    world.channels.add(this);
  }

  postMessage(data) {
    if (!world.channels.has(this)) return;
    for (const to of world.channels)
      if (to !== this) world.post(this, to, structuredClone(data));
  }

  close() {
    world.channels.delete(this);
  }
}

class Device {
  isGone = false;
  ended = new Promise(done => { this.end = done; });

  static async open({ lock: { signal } }) {
    const device = new Device(), line = world.line;
    world.line = line.then(() => device.ended);
    await Promise.race([line, new Promise(done => signal.addEventListener('abort', done))]);
    if (signal.aborted) {
      device.end();
      throw new Error('aborted');
    }
    world.device = device;
    return device;
  }

  on() {}

  listen() {}

  /** What is under way is refused, unless its process is gone: then nobody hears of it. */
  async close() {
    if (!this.isGone)
      for (const { device, reject } of world.working)
        if (device === this) reject(new Failure('usage', 'closed', 'The client is closed.'));
    this.kill();
  }

  kill() {
    this.isGone = true;
    this.end();
  }

  static {
    for (const method of [...ONCE, ...AGAIN])
      this.prototype[method] = function does(number) {
        if (this.isGone) return new Promise(() => {});
        world.calls[number].done++;
        return new Promise((resolve, reject) => world.working.push(
          { device: this, resolve: () => resolve(number), reject }));
      };
  }
}

class World {
  channels = new Set();
  #lines = new Map(); // from → to → what is under way
  working = [];
  line = Promise.resolve(); // of those who wait for the device
  tabs = [];
  calls = [];
  device;

  constructor(seed) {
    this.chance = new Chance(seed);
  }

  post(from, to, data) {
    if (!this.#lines.has(from)) this.#lines.set(from, new Map());
    const of = this.#lines.get(from);
    if (!of.has(to)) of.set(to, []);
    of.get(to).push(data);
  }

  deliver() {
    const lines = [...this.#lines.values()].flatMap(of => [...of])
      .filter(([to, line]) => line.length > 0 && this.channels.has(to));
    if (lines.length === 0) return false;
    const [to, line] = this.chance.pick(lines);
    to.onmessage({ data: line.shift() });
    return true;
  }

  work() {
    this.working = this.working.filter(({ device }) => !device.isGone);
    if (this.working.length === 0) return false;
    const [one] = this.working.splice(this.chance.below(this.working.length), 1);
    one.resolve();
    return true;
  }

  open() {
    if (this.tabs.length >= TABS) return;
    const before = new Set(this.channels);
    const tab = new SharedClient(Device, { storage: { name: 'fuzz' } });
    this.tabs.push({ tab, channel: [...this.channels].find(c => !before.has(c)) });
  }

  call() {
    if (this.tabs.length === 0) return;
    const call = { method: this.chance.pick([...ONCE, ...AGAIN]), done: 0,
      from: this.chance.pick(this.tabs) };
    const number = this.calls.push(call) - 1;
    call.from.tab[call.method](number).then(value => {
      assert.equal(value, number);
      call.end = 'done';
    }, error => { call.end = error.slug ?? error.message; });
  }

  #take() {
    return this.tabs.splice(this.chance.below(this.tabs.length), 1)[0];
  }

  close() {
    this.#take()?.tab.close();
  }

  /** Its process: what it has posted comes, and nothing else. */
  kill() {
    const gone = this.#take();
    if (!gone) return;
    gone.isKilled = true;
    this.channels.delete(gone.channel);
    if (gone.tab.leads) this.device.kill();
    gone.tab.close();
  }

  /** A client that has closed itself; each tab's once, as the third try comes later. */
  fail() {
    const leader = this.tabs.find(({ tab }) => tab.leads);
    if (!leader || leader.hasFailed) return;
    leader.hasFailed = true;
    this.device.close();
  }

  /** All that is under way comes to its end. */
  async settle() {
    if (this.tabs.length === 0) this.open();
    do await settled();
    while (this.deliver() || this.work());
  }
}

const KINDS = ['deliver', 'deliver', 'deliver', 'deliver', 'work', 'work', 'call', 'call',
  'open', 'close', 'kill', 'fail'];

/** What is wrong with that schedule, a line each. */
async function faultsOf(seed) {
  world = new World(seed);
  world.open();
  for (let step = 0; step < STEPS; step++) {
    world[world.chance.pick(KINDS)]();
    await settled();
  }
  await world.settle();
  const faults = [];
  world.calls.forEach(({ method, done, end, from }, number) => {
    const say = what => faults.push(`seed ${seed}: call ${number}, ${method}, ${what}`);
    if (ONCE.includes(method) && done > 1) say(`was done ${done} times`);
    if (end === 'done' && done === 0) say('was answered and not done');
    if (from.isKilled) return;
    if (end === undefined) say('never ended');
    else if (!['done', 'closed', ...ONCE.includes(method) ? ['tab-closed'] : []].includes(end))
      say(`ended with ${end}`);
  });
  const ends = world.calls.map(({ end }) => end);
  await Promise.all(world.tabs.map(({ tab }) => tab.close()));
  return { faults, ends };
}

before(() => { globalThis.BroadcastChannel = Channel; });
after(() => { globalThis.BroadcastChannel = platform; });

test(`${SEEDS} schedules from seed ${FIRST} on`, async () => {
  const all = [], ends = [];
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const one = await faultsOf(seed);
    all.push(...one.faults);
    ends.push(...one.ends);
  }
  assert.deepEqual(all, []);
  const count = what => ends.filter(end => end === what).length;
  assert.ok(count('done') > ends.length / 3, `${count('done')} of ${ends.length} are done`);
  assert.ok(count('tab-closed') > 0 && count('closed') > 0);
});
