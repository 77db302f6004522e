// People at the command line, whose `hermetic` seals and opens: one in a chat,
// one who follows, and one whose every word is a command of its own, who renews
// keys and lets a guest in and out. What they were told is held together at the
// end: whoever is a member can read all of it.
import { Person } from '../testlib/people.mjs';
import { sleep } from '../testlib/stack.mjs';

/** A session of theirs; what was said in it, and what each could read. */
class Talk {
  constructor(world, id) {
    Object.assign(this, { world, id, sent: new Map(), read: new Map(),
      stays: [] });
  }

  acked(text) { this.sent.set(text, 'acked'); }

  hear(who, m) {
    if (m.kind !== 'text') return;
    if (!this.read.has(who)) this.read.set(who, []);
    this.read.get(who).push(m);
  }

  /** Waits until somebody has read all that was said, once that is known. */
  async isRead(who) {
    while (!this.world.over && !(this.all &&
           (this.read.get(who)?.length ?? 0) >= this.all.length))
      await sleep(50);
  }

  /** Who read the whole of it read the same, in one order, each text once. */
  check() {
    const all = this.all?.map(m => m.text) ?? [];
    const wrong = text => this.world.ledger.complain(text);
    for (const [who, messages] of this.read)
      if (messages.map(m => m.text).join('\n') !== all.join('\n'))
        wrong(`${who} read ${messages.length} of ${all.length} or in disorder`);
    if (new Set(all).size !== all.length) wrong('a text was read twice');
    for (const text of all)
      if (!this.sent.has(text)) wrong(`nobody said "${text}"`);
    for (const [text, state] of this.sent)
      if (state === 'acked' && !all.includes(text))
        wrong(`"${text}" was taken, and nobody can read it`);
    for (const { from, to, texts } of this.stays)
      for (const m of this.all ?? [])
        if (m.seq > from && m.seq <= to && !texts.has(m.text))
          wrong(`a guest from ${from} to ${to} cannot read ${m.seq}`);
    return all.length;
  }
}

class Talker {
  constructor(talk, person, role) {
    Object.assign(this, { talk, person, world: talk.world, count: 0,
      name: `${role} by hermetic`, progress: Date.now(), reconnects: 0 });
  }

  moved() { this.progress = Date.now(); }

  next() {
    const text = `${this.name} ${++this.count}`;
    this.talk.sent.set(text, 'open');
    return text;
  }

  /** A command that goes on; `take` gets what it prints, line by line. */
  start(take, ...args) {
    const running = this.person.start(...args);
    let taken = 0;
    running.child.stdout.on('data', () => {
      const end = running.out.lastIndexOf('\n') + 1;
      const lines = running.out.slice(taken, end).split('\n').slice(0, -1);
      taken = end;
      lines.map(l => JSON.parse(l)).forEach(take);
    });
    return running;
  }

  async end(running, how) {
    if (running.child.exitCode !== null)
      this.world.ledger.complain(`${this.name} ended: ${running.err}`);
    how();
    const limit = setTimeout(() => running.child.kill('SIGKILL'), 20_000);
    await running.ended;
    clearTimeout(limit);
  }
}

class Chatter extends Talker {
  async run() {
    const { talk, world } = this;
    const chat = this.start(m => {
      if (m.error) this.trouble = m;
      talk.hear(this.name, m);
      // said before the guest was seen; by now the guest was
      if (m.error === 'new-members') chat.child.stdin.write('/flush\n');
      if (!m.own || m.kind !== 'text') return;
      talk.acked(m.text);
      this.moved();
    });
    chat.child.stdin.on('error', () => {});
    chat.child.stdin.write(`/open ${talk.id}\n`);
    while (world.goOn) {
      const text = this.next();
      chat.child.stdin.write(`${text}\n`);
      while (talk.sent.get(text) === 'open' && !world.over &&
             chat.child.exitCode === null)
        await sleep(20);
      await sleep(world.pace * 4);
    }
    talk.quiet = true;
    await talk.isRead(this.name);
    await this.end(chat, () => chat.child.stdin.end('/quit\n'));
  }
}

class Follower extends Talker {
  async run() {
    const follow = this.start(m => {
      this.talk.hear(this.name, m);
      this.moved();
    }, 'read', this.talk.id, '--follow');
    await this.talk.isRead(this.name);
    await this.end(follow, () => follow.child.kill('SIGTERM'));
  }
}

class Keeper extends Talker {
  async run() {
    const { world, talk } = this;
    for (let i = 1; world.goOn; i++) {
      await this.say();
      if (i % 10 === 3) await this.must(this.person, '', 'rotate', talk.id);
      if (i % 10 === 5) await this.letIn();
      if (i % 10 === 0) await this.letOut();
      await sleep(world.pace * 4);
    }
    await this.letOut();
    while (!talk.quiet && !world.over) await sleep(50);
    const all = await this.must(this.person, '', 'read', talk.id);
    talk.all = all.filter(m => m.kind === 'text');
  }

  async say() {
    const text = this.next();
    const { code, json } = await this.person.run('send', this.talk.id, text);
    if (code !== 0) {
      // it waits for the next command: who said it must not say it again
      this.reconnects++;
      return;
    }
    this.talk.acked(text);
    this.last = json[0].seq;
    this.moved();
  }

  async letIn() {
    const { guest, person, talk } = this;
    await this.must(person, 'member-already', 'invite', talk.id, guest.name);
    const [joined] = await this.must(guest, '', 'join', talk.id);
    this.from = joined?.last_seq;
  }

  /** The guest opens all that was said while it was a member. */
  async letOut() {
    if (this.from === undefined) return;
    const to = this.last;
    const messages = await this.must(this.guest, '', 'read', this.talk.id);
    this.talk.stays.push({ from: this.from, to,
      texts: new Set(messages.map(m => m.text)) });
    this.from = undefined;
    await this.must(this.person, 'no-such-member', 'remove', this.talk.id,
      this.guest.name);
  }

  /** Until it is done; `or`: a refusal that says that it was done before. */
  async must(person, or, ...args) {
    while (!this.world.over) {
      const { code, json, error } = await person.run(...args);
      if (code === 0 || (or && error?.error === or)) return json;
      if (code !== 3)
        this.world.ledger.complain(`${args[0]}: ${JSON.stringify(error)}`);
      this.reconnects++;
      await sleep(100);
    }
    return [];
  }
}

/** Three and a guest in a session; the talk, and who talks. */
export async function startTalk(world) {
  const urls = [world.proxy.url, world.urls[1], world.urls[0], world.urls[0]];
  const [chatter, follower, keeper, guest] = await Promise.all(
    ['dora', 'erik', 'fred', 'gina'].map((name, i) =>
      new Person(name, urls[i]).register()));
  const [{ session_id: id }] = await keeper.does('create',
    '--invite', chatter.name, '--invite', follower.name);
  await Promise.all([chatter, follower].map(p => p.does('join', id)));
  const talk = new Talk(world, id);
  return { talk, talkers: [new Chatter(talk, chatter, 'dora'),
    new Follower(talk, follower, 'erik'),
    Object.assign(new Keeper(talk, keeper, 'fred'), { guest })] };
}
