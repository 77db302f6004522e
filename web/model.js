// What this page knows of all sessions: asked of the device, and asked again when an event
// says that it has changed.
import { reasonOf } from './next.js';
import { usersOf } from './trust.js';
import { listOf, plain, say } from './words.js';

const SEEN_AT_ONCE = 8; // entries in which the last thing that was said is looked for
const SAID = new Set(['text', 'reaction', 'edit', 'delete']);

export class Model {
  #client;
  #sessions = new Map();
  #listeners = new Map();
  #stale = new Set(); // sessions that are to be asked for again
  #asking;
  connected = true;
  invitations = [];
  typing = new Map(); // session → names
  #username;

  constructor(client) {
    this.#client = client;
    client.on(event => this.#hear(event));
  }

  get client() {
    return this.#client;
  }

  /** Calls f with what comes with it; gives a function that ends it. Kinds: sessions,
   * session:ID, entry:ID, said, invitations, connection, typing, progress, device-waits,
   * trouble, failed. */
  on(kind, f) {
    const all = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, all.add(f));
    return () => all.delete(f);
  }

  #tell(kind, ...values) {
    for (const f of [...this.#listeners.get(kind) ?? []]) f(...values);
  }

  /** Something that the person wanted in that session has failed. */
  tellTrouble(id, text) {
    this.#tell('trouble', id, text);
  }

  /** Whether the client has that call. */
  can(call) {
    return typeof this.#client[call] === 'function';
  }

  async start() {
    for (const session of await this.#client.sessions()) await this.#keep(session);
    this.#tell('sessions');
    await Promise.all([this.#askStatus(), this.askInvitations()]);
  }

  // What has been told before this page listened. A tab of before has no such call.
  async #askStatus() {
    const { connected = true, username } = await this.#client.status().catch(() => ({}));
    this.connected = connected;
    this.#username = username;
    this.#tell('connection');
  }

  /** One's own; undefined where nothing here has it. */
  get username() {
    return this.#username ?? this.sessions.flatMap(s => s.members).find(m => m.own)?.username;
  }

  /** Whether a device of this account waits to be approved, as the list of them says. */
  tellWaiting(isWaiting) {
    this.#tell('device-waits', isWaiting);
  }

  session(id) {
    return this.#sessions.get(id);
  }

  /** Those that one is in, and then those of before: what was said last comes first. */
  get sessions() {
    return [...this.#sessions.values()].sort((a, b) =>
      (b.state === 'member') - (a.state === 'member') || b.said - a.said);
  }

  /** Asks for it again, and tells. */
  async refresh(id) {
    this.#stale.add(id);
    this.#asking ??= this.#ask().finally(() => { this.#asking = undefined; });
    await this.#asking;
  }

  async #ask() {
    while (this.#stale.size > 0) {
      const [id] = this.#stale;
      this.#stale.delete(id);
      try {
        await this.#keep(await this.#client.describe(id));
        this.#tell(`session:${id}`);
      } catch (error) {
        this.#tell('failed', reasonOf(error));
      }
    }
    this.#tell('sessions');
  }

  async #keep(session) {
    const id = session.session_id;
    const last = (await this.#client.entries(id, { last: SEEN_AT_ONCE }))
      .filter(e => e.kind !== 'receipt').at(-1);
    const before = this.#sessions.get(id);
    // a clock that is ahead keeps no session above all others
    const said = last && last.seq === before?.last?.seq ? before.said
      : Math.min(last?.sent_at ?? before?.said ?? 0, Date.now());
    this.#sessions.set(id, { ...session, last, said, label: labelOf(session) });
  }

  async askInvitations() {
    try {
      this.invitations = await this.#client.invitations();
    } catch {
      return; // it is asked again when the connection is back
    }
    this.#tell('invitations');
  }

  #hear(event) {
    const { kind, session } = event;
    if (kind === 'connected' || kind === 'disconnected') {
      this.connected = kind === 'connected';
      this.#tell('connection');
      if (this.connected) this.askInvitations();
    } else if (kind === 'typing') {
      this.typing.set(session, event.json || []);
      this.#tell('typing', session);
    } else if (kind === 'invited') {
      this.askInvitations();
    } else if (kind === 'failed') {
      this.#tell('failed', event.text);
    } else if (kind === 'device-waits') {
      this.tellWaiting(true);
    } else if (kind === 'progress') {
      this.#tell(kind, event);
    } else if (session) {
      if (SAID.has(kind) && !event.own) this.#tell('said', event);
      this.#tell(`entry:${session}`, event);
      this.refresh(session);
    }
  }
}

/** Its name, else the others who are in it, else the beginning of its id. */
export function labelOf(session) {
  if (session.name) return plain(session.name);
  const others = usersOf(session).filter(u => !u.own && u.compared !== undefined)
    .map(u => u.username);
  if (others.length > 0) return listOf(others);
  return session.members.length > 0 ? say('you') : session.session_id.slice(0, 8);
}
