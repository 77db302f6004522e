// Calls of a device that are one order, or one question, and no more.
import { Calls } from './calls.js';

/** Runs an order to its end; results besides "ok" that are accepted may follow. */
export const ORDER = Symbol('order');
/** What a call of the module gives, between orders. */
export const VALUE = Symbol('value');
/** Runs an order that says something. */
export const SAY = Symbol('say');

const LOOK_AGAIN_MS = 1000; // whether a device that was approved goes on
const LOOKS = 60;

export const sleep = ms => new Promise(done => setTimeout(done, ms));

export class Orders extends Calls {
  async #does(order) {
    await this[ORDER](order);
  }

  async #gives(order) {
    return (await this[ORDER](order)).value;
  }

  // ---- sessions ----

  async invite(session, whom) {
    return (await this[ORDER]({ kind: 'invite', session, whom })).devices;
  }

  ask(session, whom) {
    return this.#does({ kind: 'ask', session, whom });
  }

  uninvite(session, whom) {
    return this.#does({ kind: 'uninvite', session, whom });
  }

  remove(session, whom) {
    return this.#does({ kind: 'remove', session, whom });
  }

  /** `role`: "owner", "admin" or "member". */
  setRole(session, whom, role) {
    return this.#does({ kind: 'role', session, whom, text: role });
  }

  /** Removes them, and keeps them out. */
  ban(session, whom) {
    return this.#does({ kind: 'ban', session, whom });
  }

  unban(session, whom) {
    return this.#does({ kind: 'unban', session, whom });
  }

  rotate(session) {
    return this.#does({ kind: 'rotate', session });
  }

  leave(session) {
    return this.#does({ kind: 'leave', session });
  }

  async resolve(session) {
    return (await this[ORDER]({ kind: 'resolve', session })).anew;
  }

  refresh(session) {
    return this.#does({ kind: 'refresh', session });
  }

  /** Who has signed the invitation into that session. */
  letters(session) {
    return this.#gives({ kind: 'letters', session });
  }

  decline(session) {
    return this.#does({ kind: 'decline', session });
  }

  find(word) {
    return this[VALUE]('find', [word]);
  }

  /** A person was shown these members. */
  async shown(session, marks) {
    await this[VALUE]('shown', [session, JSON.stringify(marks)]);
  }

  // ---- saying something ----

  /** {number}: it stands in the verified log; {kept, item, why, slug}: it is stored, and waits. */
  async [SAY](order) {
    const { result, number, item, why, slug } = await this[ORDER](order, 'kept');
    return result === 'kept' ? { kept: true, item, why, slug } : { kept: false, number };
  }

  send(session, text, { act, about, key, topic, toNewMembers } = {}) {
    return this[SAY]({ kind: 'send', session, text, act, about, key, topic, toNewMembers });
  }

  setName(session, text) {
    return this[SAY]({ kind: 'name', session, text });
  }

  setSubject(session, text) {
    return this[SAY]({ kind: 'subject', session, text });
  }

  flush(session) {
    return this[SAY]({ kind: 'flush', session });
  }

  outbox(session = '') {
    return this[VALUE]('outbox', [session]);
  }

  /** Forgets an item of the outbox, or all of the session. */
  async drop(session, item = -1) {
    await this[VALUE]('drop', [session], item);
  }

  // ---- reading ----

  entry(session, number) {
    return this[VALUE]('entry', [session], number);
  }

  /** The person has read up to that entry. */
  async readTo(session, number) {
    await this[VALUE]('read_to', [session], number);
  }

  /** Entries that are kept, of one session or of all: [{session, entries}…]. */
  search(query = {}) {
    return this[VALUE]('search', [JSON.stringify(query)]);
  }

  async wishes() {
    return { receipts: await this[VALUE]('wish', ['receipts']),
      typing: await this[VALUE]('wish', ['typing']) };
  }

  async setWish(wish, on) {
    await this[VALUE]('set_wish', [wish], on ? 1 : 0);
  }

  // ---- people ----

  /** What this device knows of an account. */
  person(user) {
    return this[VALUE]('person', [user]);
  }

  /** The same after it has read that account's log: `digits` are for two people to compare. */
  async verify(user) {
    await this.#does({ kind: 'account' });
    if (user !== this.username) await this.#does({ kind: 'meet', whom: user });
    return this.person(user);
  }

  /** A person has compared the digits with that person. */
  async compared(user) {
    await this[VALUE]('compared', [user]);
  }

  /** A person was shown that account's digits: the name is meant for it. */
  async accept(user, fingerprint) {
    await this[VALUE]('accept', [user, fingerprint]);
  }

  /** A new recovery key, which counts once it is set; `old` is the one that stands. */
  async newRecoveryKey(old) {
    return (await this.#gives({ kind: 'recovery-key', whom: old })).recovery_key;
  }

  /** That key, as its person has typed it, counts from now on. */
  setRecoveryKey(typed, old) {
    return this.#does({ kind: 'recovery', text: typed, whom: old });
  }

  blocks() {
    return this.#gives({ kind: 'blocks' });
  }

  block(user) {
    return this.#gives({ kind: 'block', whom: user });
  }

  unblock(user) {
    return this.#does({ kind: 'unblock', whom: user });
  }

  // ---- one's devices ----

  devices() {
    return this.#gives({ kind: 'devices' });
  }

  approve(code) {
    return this.#gives({ kind: 'approve', text: code });
  }

  /** Brings one's devices into one's sessions; the one of that number, once it goes on. */
  async link(number) {
    const order = { kind: 'link', whom: number === undefined ? undefined : String(number) };
    for (let look = 1; ; look++) {
      try {
        return await this.#gives(order);
      } catch (error) {
        if (error.slug !== 'not-ready' || look === LOOKS) throw error;
        await sleep(LOOK_AGAIN_MS);
      }
    }
  }

  refuse(device) {
    return this.#does({ kind: 'refuse', whom: device });
  }

  revoke(device) {
    return this.#does({ kind: 'revoke', whom: device });
  }
}
