// One group of both kinds of members, through steps that a seed chooses. After
// each step all members are in the same epoch, with the same authenticator and
// exporter, and open what one of them sends.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

import { extensionsWith } from './names.mjs';
import { Ours } from './ours.mjs';
import { Theirs } from './theirs.mjs';

/** mulberry32: the same numbers for the same seed. */
function generator(seed) {
  let a = seed >>> 0;
  const next = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = n => Math.floor(next() * n);
  return {
    below,
    flip: (p = 0.5) => next() < p,
    pick: list => list[below(list.length)],
    shuffled: list => {
      const out = [...list];
      for (let i = out.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [out[i], out[j]] = [out[j], out[i]];
      }
      return out;
    },
  };
}

export class Scenario {
  /** kinds: 'ours', 'ts-mls', or both. */
  constructor({ engine, suite, seed, size, kinds = ['ours', 'ts-mls'] }) {
    // Those of draft-ietf-mls-extensions, which ts-mls has not.
    const drafts = !kinds.includes('ts-mls');
    Object.assign(this, { engine, suite, size, kinds, drafts,
      random: generator(seed * 65537 + suite) });
    this.prefix = `${suite.toString(16)}.${seed}`;
    this.members = [];
    this.since = new Map(); // a member: the epoch it came in
    this.count = 0;
    this.done = {}; // steps by name
    this.messages = 0;
    this.late = [];
  }

  // The first of each kind come first.
  async newcomer() {
    const kind = this.kinds[this.count] ?? this.random.pick(this.kinds);
    const name = `${this.prefix}.${this.count++}`;
    return kind === 'ours'
      ? Ours.make(this.engine, name, this.suite,
        { padding: this.random.pick([0, 64]),
          seed: this.random.below(2 ** 32), drafts: this.drafts })
      : Theirs.make(name, this.suite);
  }

  others(...whom) {
    return this.members.filter(m => !whom.includes(m));
  }

  // --- delivery ------------------------------------------------------------

  async deliver(message, to) {
    for (const m of to) await m.process(message);
  }

  /** The delivery service has taken it. */
  async apply(committer, made, { joiners = [], gone = [], how = {} } = {}) {
    for (const m of this.others(committer)) {
      const event = await m.process(made.commit);
      assert.equal(Boolean(event.removed), gone.includes(m), `${m.name} ` +
        'learns whether it was removed');
      if (made.aad && event.aad)
        assert.ok(event.aad.equals(made.aad), `${m.name} sees what is beside`);
    }
    await made.merge();
    for (const m of joiners) await m.join(made.welcome, how);
    this.members = [...this.members, ...joiners]
      .filter(m => !gone.includes(m));
    const { epoch } = await committer.state();
    for (const m of joiners) this.since.set(m, epoch);
  }

  async check() {
    const states = [];
    for (const m of this.members) states.push(await m.state());
    const [first] = states;
    this.epoch = first.epoch;
    states.forEach((s, i) => {
      for (const key of ['authenticator', 'exported', 'group_id'])
        assert.ok(s[key].equals(first[key]),
          `${this.members[i].name}'s ${key} is another`);
      assert.equal(s.epoch, first.epoch);
    });
    assert.equal(new Set(states.map(s => s.leaf)).size, states.length);
    await this.talk();
  }

  async open(message, { data }, to) {
    for (const m of to) {
      const event = await m.process(message);
      assert.equal(event.kind, 'application');
      assert.ok(event.data.equals(data), `${m.name} opens it`);
      this.messages++;
    }
  }

  // Some messages, in an order of the reader's own; one may come after the
  // next step, when its epoch is over.
  async talk() {
    const { random } = this;
    const sender = random.pick(this.members);
    const sent = [];
    for (let i = 0; i < 3; i++) {
      const data = randomBytes(random.below(300));
      sent.push({ data, message: await sender.protect(data, Buffer.from('aad')) });
    }
    const late = random.flip(0.3) ? sent.pop() : undefined;
    for (const reader of this.others(sender))
      for (const { message, data } of random.shuffled(sent))
        await this.open(message, { data }, [reader]);
    for (const { message, data, to } of this.late)
      await this.open(message, { data },
        to.filter(m => this.members.includes(m) && this.stayed.has(m)));
    this.late = late ? [{ ...late, to: this.others(sender) }] : [];
    this.stayed = new Set(this.members);
  }

  // --- steps ---------------------------------------------------------------

  change(more = {}) {
    return { private: this.random.flip(), ...more };
  }

  async leafOf(member) { return (await member.state()).leaf; }

  async add(count = 1 + this.random.below(3)) {
    const joiners = [];
    for (let i = 0; i < count; i++) joiners.push(await this.newcomer());
    const adds = [];
    for (const j of joiners) adds.push(await j.keyPackage());
    const committer = this.random.pick(this.members);
    await this.apply(committer, await committer.commit(this.change({ adds,
      path: this.random.flip() })), { joiners });
  }

  async addByReference() {
    const joiner = await this.newcomer();
    const proposer = this.random.pick(this.members);
    await this.deliver(await proposer.propose('add',
      this.change({ bytes: await joiner.keyPackage() })),
    this.others(proposer));
    await this.commitProposals(this.random.pick(this.members),
      { joiners: [joiner] });
  }

  async addItself() {
    const joiner = await this.newcomer();
    const informant = this.random.pick(this.members);
    const { group_id: groupId, epoch } = await informant.state();
    const message = await joiner.proposeSelf({ groupId, epoch,
      groupInfo: await informant.groupInfo(),
      keyPackage: await joiner.keyPackage() });
    await this.deliver(message, this.members);
    await this.commitProposals(this.random.pick(this.members),
      { joiners: [joiner] });
  }

  async commitProposals(committer, more = {}) {
    await this.apply(committer, await committer.commit(this.change()), more);
  }

  async joinExternally() {
    const joiner = await this.newcomer();
    const made = await joiner.joinExternal(
      await this.random.pick(this.members).groupInfo());
    await this.deliver(made.commit, this.members);
    await made.merge();
    this.members.push(joiner);
    this.since.set(joiner, (await joiner.state()).epoch);
  }

  // Who has lost track comes back in the place of its former leaf.
  async resync() {
    const lost = this.random.pick(this.members);
    const rest = this.others(lost);
    const made = await lost.joinExternal(
      await this.random.pick(rest).groupInfo(), { resync: true });
    await this.deliver(made.commit, rest);
    await made.merge();
    this.since.set(lost, (await lost.state()).epoch);
    this.stayed.delete(lost);
  }

  async update() {
    const committer = this.random.pick(this.members);
    await this.apply(committer,
      await committer.commit(this.change({ path: true })));
  }

  async updateByReference() {
    const ours = this.members.filter(m => m.kind === 'ours');
    if (ours.length === 0) return this.update();
    const proposer = this.random.pick(ours);
    await this.deliver(await proposer.propose('update', this.change()),
      this.others(proposer));
    return this.commitProposals(this.random.pick(this.others(proposer)));
  }

  // Another signature key and an extension in the leaf, by a commit of one's own
  // or by an Update that somebody else commits.
  async renew() {
    const ours = this.members.filter(m => m.kind === 'ours');
    if (ours.length === 0) return this.update();
    const renewed = this.random.pick(ours);
    if (this.random.flip()) {
      await this.deliver(await renewed.propose('update',
        this.change({ renew: true })), this.others(renewed));
      return this.commitProposals(this.random.pick(this.others(renewed)));
    }
    const aad = randomBytes(1 + this.random.below(100));
    return this.apply(renewed, { aad,
      ...await renewed.commit(this.change({ renew: true, aad })) });
  }

  async remove() {
    const [committer, ...rest] = this.random.shuffled(this.members);
    const gone = rest.slice(0, 1 + this.random.below(Math.min(2, rest.length -
      1)));
    const removes = [];
    for (const m of gone) removes.push(await this.leafOf(m));
    await this.apply(committer,
      await committer.commit(this.change({ removes })), { gone });
  }

  async removeByReference() {
    const [committer, gone] = this.random.shuffled(this.members);
    const proposer = this.random.pick(this.others(committer));
    await this.deliver(await proposer.propose('remove',
      this.change({ leaf: await this.leafOf(gone) })), this.others(proposer));
    await this.commitProposals(committer, { gone: [gone] });
  }

  // Who leaves says so; the next commit takes it away, of a member or of who joins.
  async leave() {
    const [gone, ...rest] = this.random.shuffled(this.members);
    const leaves = await gone.propose('self_remove');
    await this.deliver(leaves, rest);
    if (this.random.flip())
      return this.commitProposals(this.random.pick(rest), { gone: [gone] });
    const joiner = await this.newcomer();
    const made = await joiner.joinExternal(
      await this.random.pick(rest).groupInfo(), { leaves });
    await this.apply(joiner, made, { gone: [gone] });
    this.members.push(joiner);
    return this.since.set(joiner, (await joiner.state()).epoch);
  }

  // Of a component in the GroupContext: which the epoch's authenticator covers.
  async appData() {
    const [committer, proposer] = this.random.shuffled(this.members);
    const bytes = randomBytes(1 + this.random.below(30));
    if (this.random.flip()) {
      await this.deliver(await proposer.propose('app_data',
        this.change({ bytes })), this.others(proposer));
      return this.commitProposals(committer);
    }
    return this.apply(committer,
      await committer.commit(this.change({ app_data: bytes })));
  }

  async psk() {
    const id = randomBytes(8);
    const psk = randomBytes(32);
    for (const m of this.members) await m.addPsk(id, psk);
    const [committer, proposer] = this.random.shuffled(this.members);
    if (this.random.flip()) {
      await this.deliver(await proposer.propose('psk',
        this.change({ bytes: id })), this.others(proposer));
      await this.commitProposals(committer);
    } else {
      await this.apply(committer,
        await committer.commit(this.change({ psk: id })));
    }
  }

  // The PSK of an epoch that all of them have been in and still keep.
  async resumption() {
    const first = Math.max(...this.members.map(m => this.since.get(m)));
    const resumption = Math.max(first, this.epoch - 3);
    const committer = this.random.pick(this.members);
    await this.apply(committer,
      await committer.commit(this.change({ resumption })));
  }

  async extensions() {
    const bytes = extensionsWith(randomBytes(1 + this.random.below(20)));
    const [committer, proposer] = this.random.shuffled(this.members);
    if (this.random.flip()) {
      await this.deliver(await proposer.propose('extensions',
        this.change({ bytes })), this.others(proposer));
      return this.commitProposals(committer);
    }
    return this.apply(committer,
      await committer.commit(this.change({ extensions: bytes })));
  }

  // What is not as it was sent, what has come before and what is of an epoch
  // to come is refused, and nothing has changed by it.
  async refuse() {
    const [sender, ...readers] = this.random.shuffled(this.members);
    const data = Buffer.from('as it was sent');
    const message = await sender.protect(data);
    const staged = await sender.commit({ path: true });
    await staged.discard();
    const changed = bytes => {
      const out = Buffer.from(bytes);
      // not in the first bytes, which say what it is and for whom
      out[out.length - 1 - this.random.below(out.length - 32)] ^=
        1 << this.random.below(8);
      return out;
    };
    for (const reader of readers) {
      for (const bad of [changed(message), changed(message),
        changed(staged.commit), changed(staged.commit)])
        await assert.rejects(reader.process(bad), `${reader.name} refuses`);
      await this.open(message, { data }, [reader]);
      await assert.rejects(reader.process(message), 'a second time');
    }
  }

  // Two commit in one epoch: the delivery service takes one of them.
  async concurrent() {
    const [winner, loser] = this.random.shuffled(this.members);
    const first = await winner.commit(this.change({ path: true }));
    const second = await loser.commit(this.change({ path: true }));
    await second.discard();
    await this.apply(winner, first);
  }

  // Who ends a group begins another with all of its members.
  async reinit() {
    const [committer, founder] = this.random.shuffled(this.members);
    const groupId = randomBytes(16);
    await this.apply(committer, await committer.commit(this.change({
      reinit: groupId, suite: this.suite })));
    await this.succeed(founder, this.others(founder), { groupId });
  }

  async branch() {
    const [founder, ...rest] = this.random.shuffled(this.members);
    const some = rest.slice(0, Math.max(1, rest.length - 1));
    await this.succeed(founder, some, { branch: randomBytes(16) });
  }

  async succeed(founder, joiners, how) {
    const adds = [];
    for (const m of joiners) adds.push(await m.keyPackage());
    const { welcome } = await founder.successor({ adds, ...how });
    for (const m of joiners) await m.join(welcome, { successor: true });
    this.members = [founder, ...joiners];
    for (const m of this.members) this.since.set(m, 1);
    this.late = [];
  }

  async reload() {
    for (const m of this.members) await m.reload();
  }

  // --- the run -------------------------------------------------------------

  async begin() {
    this.kinds = this.random.shuffled(this.kinds);
    const creator = await this.newcomer();
    await creator.create(randomBytes(16),
      this.random.flip() ? extensionsWith(Buffer.from('first')) : undefined);
    this.members = [creator];
    this.since.set(creator, 0);
    this.stayed = new Set();
    await this.add(Math.max(1, this.size - 1));
    await this.check();
  }

  choose() {
    const few = ['add', 'addByReference', 'addItself', 'joinExternally'];
    const many = ['remove', 'removeByReference', 'branch'];
    const any = ['update', 'updateByReference', 'psk', 'resumption',
      'extensions', 'concurrent', 'reinit', 'resync', 'reload', 'update',
      'refuse', 'renew'];
    if (this.drafts) {
      many.push('leave');
      any.push('appData');
    }
    const n = this.members.length;
    return this.random.pick([...any, ...n < this.size + 4 ? few : [],
      ...n > Math.max(3, this.size - 4) ? many : []]);
  }

  async step(name = this.choose()) {
    this.done[name] = (this.done[name] ?? 0) + 1;
    try {
      await this[name]();
      await this.check();
    } catch (e) {
      e.message = `${name}, ${this.members.length} members (${this.members
        .map(m => m.kind[0]).join('')}): ${e.message}`;
      throw e;
    }
  }
}
