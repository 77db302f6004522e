// People at the command line: each has a name, a passphrase and a home, and
// runs `hermetic` as a script would.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { build, hermetic, newHome, until } from './stack.mjs';

export class Person {
  constructor(name, server) {
    this.name = `${name}-${randomBytes(4).toString('hex')}`;
    this.passphrase = `${name} has a passphrase`;
    this.home = newHome();
    this.server = server;
    // the least that there is, and few: faster
    this.env = { HERMETIC_SCRYPT_N: '16384', HERMETIC_STOCK: '5',
      HERMETIC_RECEIPTS: 'off' }; // numbers of entries are those of what was said
  }

  /** Runs a command with --json; { code, out, err, json, error }. */
  async run(...args) {
    const result = await hermetic([...args, '--json'], this);
    const last = result.err.trim().split('\n').at(-1);
    result.error = last ? JSON.parse(last) : undefined;
    return result;
  }

  /** The same, for what must succeed; returns the list of result objects. */
  async does(...args) {
    const { code, err, json } = await this.run(...args);
    assert.equal(code, 0, `${this.name}: ${args.join(' ')}: ${err}`);
    return json;
  }

  /** For what must be refused: checks exit code and slug. */
  async cannot(slug, ...args) {
    const { code, error } = await this.run(...args);
    assert.equal(code, 1, `${args.join(' ')} gave ${code}`);
    assert.equal(error?.error, slug, error?.detail);
    return error.detail;
  }

  /** For a text that is kept in the outbox: checks exit code and slug, and
   * returns the line that says so. */
  async keeps(slug, ...args) {
    const { code, json, err } = await this.run(...args);
    assert.equal(code, 4, `${args.join(' ')} gave ${code}: ${err}`);
    const kept = json.at(-1);
    assert.equal(kept.kept, true);
    assert.equal(kept.error, slug, kept.detail);
    return kept;
  }

  async register(...more) {
    const [account] = await this.does('register', '--username', this.name,
      ...more);
    this.device = account.device_id;
    return this;
  }

  /** Another device of the same person at a home of its own, nowhere yet. */
  sibling(server = this.server) {
    const other = new Person('sibling', server);
    return Object.assign(other, { name: this.name,
      passphrase: this.passphrase });
  }

  /** A login that waits to be approved: { code, device_id, login }. */
  async asks(name = 'other', ...more) {
    const login = this.start('login', '--username', this.name, '--device',
      name, ...more);
    return { login, ...await login.line(l => l.code) };
  }

  /** Another device, approved by this one, in all its sessions. */
  async newDevice(name = 'other') {
    const other = this.sibling();
    const { login, code, device_id: id } = await other.asks(name);
    await this.does('devices', 'approve', code);
    const { code: exit, err } = await login.ended;
    assert.equal(exit, 0, err);
    other.device = id;
    return other;
  }

  /** A copy of the home as it is. */
  backup() {
    const copy = newHome();
    cpSync(this.home, copy, { recursive: true });
    return copy;
  }

  /** The home is what it was when that copy was made. */
  restore(copy) {
    rmSync(this.home, { recursive: true });
    cpSync(copy, this.home, { recursive: true });
  }

  /** The same device at a copy of its home. */
  twin() {
    return Object.assign(Object.create(Object.getPrototypeOf(this)), this,
      { home: this.backup() });
  }

  /** The texts that `read` prints, in order. */
  async texts(id) {
    const messages = await this.does('read', id);
    return messages.filter(m => m.kind === 'text').map(m => m.text);
  }

  /** A command that goes on: { child, lines, line(n), stop(), ended }. */
  start(...args) {
    return this.starts(...args, '--json');
  }

  /** The same for people: `line` and `lines` have nothing to read. `under`: a program
   * and its words that run the command. */
  starts(...args) {
    const [program, ...words] =
      [...this.under ?? [], join(build, 'hermetic'), ...args];
    const child = spawn(program, words, {
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8',
        HERMETIC_HOME: this.home, HERMETIC_PASSPHRASE: this.passphrase,
        HERMETIC_SERVER: this.server, ...this.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const self = { child, out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', d => { self.out += d; });
    child.stderr.setEncoding('utf8').on('data', d => { self.err += d; });
    self.ended = new Promise(done => child.on('close',
      (code, signal) => done({ code, signal, ...self })));
    self.lines = () => self.out.split('\n').slice(0, -1)
      .map(l => JSON.parse(l));
    /** Waits for an object that `is` likes. */
    self.line = is => until(() => {
      const found = self.lines().find(is);
      if (!found && child.exitCode !== null)
        throw new Error(`hermetic ${args.join(' ')} ended: ${self.err}`);
      return found;
    }, { name: `a line of hermetic ${args.join(' ')}` });
    self.stop = async () => { child.kill('SIGTERM'); return self.ended; };
    return self;
  }
}

/** People of these names who are registered. */
export const newPeople = (server, ...names) =>
  Promise.all(names.map(name => new Person(name, server).register()));

export const twoPeople = server => newPeople(server, 'alice', 'bob');

/** A session of Alice's that Bob has joined by Welcome; returns its id. */
export async function conversation(alice, bob, ...more) {
  const [{ session_id: id }] = await alice.does('create', '--invite',
    bob.name, ...more);
  await bob.does('join', id);
  return id;
}
