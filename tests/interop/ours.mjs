// Members of our engine: tests/interop/members.c and what it calls, one process for all of them.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const base64 = bytes => Buffer.from(bytes).toString('base64');
const encode = value => value instanceof Uint8Array ? base64(value)
  : Array.isArray(value) ? value.map(encode) : value;
const decode = text => Buffer.from(text, 'base64');
const bytesIn = new Set(['key_package', 'commit', 'welcome', 'message', 'data',
  'aad', 'authenticator', 'exported', 'group_id', 'group_info']);

export class Engine {
  /** `log` gets every question with its answer. */
  constructor(build, { log } = {}) {
    this.child = spawn(join(build, 'tests/interop/members'), { stdio: ['pipe', 'pipe', 'inherit'] });
    this.waiting = [];
    this.ended = new Promise(done => this.child.on('close', (code, signal) => {
      for (const w of this.waiting)
        w.fail(new Error(`the members ended: ${code ?? signal}`));
      done(code);
    }));
    createInterface({ input: this.child.stdout }).on('line', line => {
      const answer = JSON.parse(line);
      const { done, fail, what, question } = this.waiting.shift();
      log?.push({ question, answer: { ...answer } });
      if (answer.error) {
        fail(Object.assign(new Error(`${what}: ${answer.error}`),
          { refused: true }));
        return;
      }
      for (const key of Object.keys(answer))
        if (bytesIn.has(key)) answer[key] = decode(answer[key]);
      done(answer);
    });
  }

  ask(question) {
    return new Promise((done, fail) => {
      const plain = Object.fromEntries(
        Object.entries(question).map(([k, v]) => [k, encode(v)]));
      this.waiting.push({ done, fail, what: `${question.who} ${question.do}`,
        question: plain });
      this.child.stdin.write(`${JSON.stringify(plain)}\n`);
    });
  }

  /** Its exit code: of a sanitizer, too. */
  stop() {
    this.child.stdin.end();
    return this.ended;
  }
}

/** The suites that the OpenSSL of this build has all of. */
export async function usableSuites(build) {
  const engine = new Engine(build);
  const { usable } = await engine.ask({ do: 'suites' });
  await engine.stop();
  return usable;
}

export class Ours {
  kind = 'ours';
  constructor(engine, name, suite) {
    Object.assign(this, { engine, name, suite });
  }

  static async make(engine, name, suite, { padding = 0, seed, drafts, x509 } = {}) {
    const self = new Ours(engine, name, suite);
    await self.ask('new', { suite, padding, seed, ...(drafts && { drafts }), ...(x509 && { x509 }),
      now: Math.floor(Date.now() / 1000) });
    return self;
  }

  ask(what, more = {}) {
    return this.engine.ask({ do: what, who: this.name, ...more });
  }

  async keyPackage() { return (await this.ask('key_package')).key_package; }
  create(group_id, extensions = Buffer.alloc(0)) {
    return this.ask('create', { group_id, extensions });
  }
  join(welcome, { tree, successor = false } = {}) {
    return this.ask('join', { welcome, successor, ...(tree && { tree }) });
  }

  /** { commit, welcome, merge(), discard() } */
  async commit({ adds = [], removes = [], private: hidden = false, ...change }) {
    const made = await this.ask('commit',
      { adds, removes, private: hidden, ...change });
    return { ...made, merge: () => this.ask('merge'),
      discard: () => this.ask('discard') };
  }

  async joinExternal(group_info, { resync = false, leaves } = {}) {
    const made = await this.ask('join_external', { group_info, resync,
      ...(leaves && { leaves }) });
    return { ...made, merge: () => this.ask('merge') };
  }

  async successor({ adds, branch, suite }) {
    if (suite) this.suite = suite;
    const made = await this.ask('successor', { adds, ...(branch && { branch }) });
    await this.ask('merge');
    return made;
  }

  async propose(kind, { bytes, leaf, renew, private: hidden = false } = {}) {
    return (await this.ask('propose', { kind, leaf, private: hidden,
      ...(bytes && { bytes }), ...(renew && { renew }) })).message;
  }
  async proposeSelf({ groupId, epoch, keyPackage }) {
    return (await this.ask('propose_self', { group_id: groupId,
      epoch: Number(epoch), key_package: keyPackage })).message;
  }

  async protect(data, aad = Buffer.alloc(0)) {
    return (await this.ask('protect', { data, aad })).message;
  }

  /** { kind, data?, removed? }; a commit is merged. */
  async process(message) {
    const event = await this.ask('process', { message });
    if (event.kind === 'commit' && !event.removed) await this.ask('merge');
    return event;
  }

  state() { return this.ask('state'); }
  async leafOf(name) { return (await this.ask('leaf_of', { name })).leaf; }
  async groupInfo() { return (await this.ask('group_info')).group_info; }
  addPsk(id, psk) { return this.ask('add_psk', { id, psk }); }
  reload() { return this.ask('reload'); }
}
