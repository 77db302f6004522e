#!/usr/bin/env node
// Our engine and core-crypto in one group, in both places:
//
//   npm ci --prefix tests/peers
//   node tests/interop/mixed.mjs [--build DIR] [--suite N]...
import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';

import { Engine, Ours } from './ours.mjs';
import { Wire, there, wireSuites } from './wire.mjs';

const clientId = number => `${randomUUID()}:${number.toString(16)}@example.org`;

class Mixed {
  members = [];
  made = 0;
  opened = 0;
  groupId = Buffer.from(randomUUID());

  constructor(engine, suite, hidden) { Object.assign(this, { engine, suite, hidden }); }

  ours() { return Ours.make(this.engine, clientId(++this.made), this.suite, { x509: true,
    seed: randomInt(2 ** 40) }); }
  theirs() { return Wire.make(clientId(++this.made), this.suite, this); }

  /** A commit that its maker has merged, at all others. */
  async follow(by, commit) {
    for (const m of this.members) if (m !== by) await m.process(commit);
    if (!this.members.includes(by)) this.members.push(by);
    await this.talk();
  }

  /** Everybody says something, and all others read it. */
  async talk() {
    const epochs = await Promise.all(this.members.map(async m =>
      Number(m.kind === 'ours' ? (await m.state()).epoch : await m.epoch())));
    assert.ok(epochs.every(e => e === epochs[0]), `epochs ${epochs}`);
    for (const by of this.members) {
      const text = Buffer.from(`${by.name} in ${epochs[0]}`);
      const message = await by.protect(text);
      for (const m of this.members) {
        if (m === by) continue;
        assert.deepEqual((await m.process(message)).data, text,
          `${m.kind} reads ${by.kind}`);
        this.opened++;
      }
    }
  }

  /** `joins` are those whose KeyPackages `adds` are, `leaves` those whose leaves
   * `removes` are. */
  async change(by, { adds = [], removes = [], joins = [], leaves = [] } = {}) {
    const made = await by.commit({ private: this.hidden, adds, removes });
    await made.merge?.();
    this.members = this.members.filter(m => !leaves.includes(m));
    for (const m of joins) {
      await m.join(made.welcome, m.kind === 'ours' ? undefined : this.groupId);
      this.members.push(m);
    }
    const others = this.members.filter(m => m !== by && !joins.includes(m));
    for (const m of others) await m.process(made.commit);
    await this.talk();
    return made;
  }

  async add(by, ...joins) {
    const adds = [];
    for (const m of joins) adds.push(await m.keyPackage());
    return this.change(by, { adds, joins });
  }

  /** Takes `who` away: by its leaf where we commit, by its name where they do. */
  async remove(by, who) {
    const at = by.kind === 'ours'
      ? await by.leafOf(who.name) : who.name;
    return this.change(by, { removes: [at], leaves: [who] });
  }

  async joinFromOutside(who, groupInfo) {
    const made = who.kind === 'ours' ? await who.joinExternal(groupInfo)
      : await who.joinExternal(groupInfo, this.groupId);
    await made.merge?.();
    await this.follow(who, made.commit);
  }
}

/** Begun by one of us, with handshakes in PrivateMessages, or by one of theirs, in
 * PublicMessages; how many messages were opened. */
export async function playMixed({ build, suite, begun = 'ours' }) {
  const engine = new Engine(build);
  const g = new Mixed(engine, suite, begun === 'ours');
  try {
    const [a, b] = [await g.ours(), await g.theirs()];
    const [first, second] = begun === 'ours' ? [a, b] : [b, a];
    await first.create(g.groupId);
    g.members.push(first);
    await g.add(first, second);
    await g.change(a);
    await g.change(b);
    const [c, d] = [await g.ours(), await g.theirs()];
    await g.add(second, c, d);
    await g.change(d);
    await g.change(c);
    await g.joinFromOutside(await g.theirs(), await a.groupInfo());
    const { group_info } = await g.change(b);
    await g.joinFromOutside(await g.ours(), group_info);
    await g.remove(a, d);
    await g.remove(b, c);
    await g.change(a);
    await g.change(b);
  } finally {
    const code = await engine.stop();
    if (code !== 0) throw new Error(`our members ended with ${code}`);
  }
  return g.opened;
}

async function main() {
  const { values: o } = parseArgs({ options: {
    build: { type: 'string', default: 'build/asan' },
    suite: { type: 'string', multiple: true },
  } });
  if (!there) {
    console.log('skipped: core-crypto is not installed (npm ci --prefix tests/peers)');
    return;
  }
  for (const suite of o.suite?.map(Number) ?? wireSuites)
    for (const begun of ['ours', 'theirs'])
      console.log(`suite ${suite}, begun by ${begun}: ` +
        `${await playMixed({ build: o.build, suite, begun })} messages opened`);
}

if (import.meta.url === `file://${process.argv[1]}`) {
  await main();
  process.exit(); // its store keeps timers
}
