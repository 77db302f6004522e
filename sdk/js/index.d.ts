/** Sealed messages: a device of an account. docs/embedding.md shows how it is used. */

export type Result = 'kept' | 'usage' | 'passphrase' | 'no-account' | 'gone' | 'conflict' |
  'denied' | 'look' | 'refused' | 'unreachable' | 'busy' | 'local';

/** What every call that fails is rejected with. */
export class Failure extends Error {
  readonly result: Result;
  /** A word for programs. */
  readonly slug: string;
  /** What to do next, a sentence or two. */
  readonly advice: string;
}

/** Where sealed records are kept. */
export interface Storage {
  /** All records by key. */
  read(): Promise<Map<string, Uint8Array>>;
  /** Puts each record, or removes it where the value is null: all of them or none, and
   * durably before it resolves. */
  write(changes: Map<string, Uint8Array | null>): Promise<void>;
  /** Seals the secret that opens all records once more by a key of the storage, if it has
   * one, and opens it. */
  wrap(bytes: Uint8Array): Promise<Uint8Array>;
  unwrap(bytes: Uint8Array): Promise<Uint8Array>;
  /** Keeps others out, until what it gives is called. Rejects with `busy` where another
   * one has it. */
  lock(options?: { wait?: boolean; signal?: AbortSignal }): Promise<() => void | Promise<void>>;
}

/** In memory: gone with the program. */
export class MemoryStorage implements Storage {
  read(): Promise<Map<string, Uint8Array>>;
  write(changes: Map<string, Uint8Array | null>): Promise<void>;
  wrap(bytes: Uint8Array): Promise<Uint8Array>;
  unwrap(bytes: Uint8Array): Promise<Uint8Array>;
  lock(): Promise<() => void>;
}

/** In a folder; in node only. One holder at a time has the folder, by a lock of the kernel on its
 * file `lock`: it ends with the process, however that ends, so none is ever stale, and it
 * holds between containers that share a folder of one machine. In Linux the command flock (of
 * util-linux or busybox) has to be there; macOS and Windows lock by opening. Where
 * nobody can say whether another one has it, lock() rejects with `local`. Between machines
 * it holds where the folder's file system takes locks to its server, as NFS 4 does. */
export class FileStorage implements Storage {
  constructor(folder: string);
  read(): Promise<Map<string, Uint8Array>>;
  write(changes: Map<string, Uint8Array | null>): Promise<void>;
  wrap(bytes: Uint8Array): Promise<Uint8Array>;
  unwrap(bytes: Uint8Array): Promise<Uint8Array>;
  lock(): Promise<() => Promise<void>>;
}

/** In the browser's IndexedDB, with a key around it that no script can read out; in browsers
 * only. */
export class IndexedDbStorage implements Storage {
  constructor(name?: string);
  read(): Promise<Map<string, Uint8Array>>;
  write(changes: Map<string, Uint8Array | null>): Promise<void>;
  wrap(bytes: Uint8Array): Promise<Uint8Array>;
  unwrap(bytes: Uint8Array): Promise<Uint8Array>;
  lock(options?: { wait?: boolean; signal?: AbortSignal }): Promise<() => void>;
  /** Forgets all of it. */
  remove(): Promise<void>;
}

export interface OpenOptions {
  /** The URL of the server. */
  server: string;
  storage: Storage;
  /** Opens the storage; the server is given a password that is derived from it. */
  passphrase: string;
  /** Names of algorithms, best first: "a,b". */
  algorithms?: string;
  /** KeyPackages of each algorithm at the server, 100 at most. */
  stock?: number;
  /** In the place of those of the platform. */
  fetch?: typeof fetch;
  WebSocket?: unknown;
  /** The compiled module, where it does not stand beside the package's files. */
  wasm?: () => Promise<WebAssembly.Module>;
}

export interface LoginOptions extends OpenOptions {
  username: string;
  /** In the server's list of the account's devices. */
  deviceName?: string;
  /** The cost of guessing the passphrase of a state that is made: a power of two. */
  scryptN?: number;
  /** Is given the code of a device that waits to be approved, once. */
  onCode?: (code: string) => void;
  /** Where the server lets only those register who have one. */
  token?: string;
}

/** libhermetic's events (hermetic.h), and `failed`: what was pushed could not be taken in. */
export interface Event {
  kind: 'text' | 'edit' | 'delete' | 'reaction' | 'entry' | 'sent' | 'refused' | 'ended' |
    'invited' | 'device-waits' | 'connected' | 'disconnected' | 'failed';
  /** The id; empty where it is about none. */
  session: string;
  text: string;
  /** The number of the entry in the session's log. */
  number?: number;
  /** Of the outbox: `sent`, `refused`. */
  item?: number;
  from?: string;
  device?: string;
  /** Said by this device. */
  own?: boolean;
  /** The number of the message that it is about; 0: none. */
  about?: number;
  /** Unix milliseconds, as the sender says. */
  sentAt?: number;
  topic?: string;
  /** Another one names this account in it. */
  mentioned?: boolean;
  /** All that is kept of an entry (docs/state.md). */
  json?: Entry | '';
}

/** What is kept of an entry: docs/state.md, "What is kept of an entry". */
export interface Entry {
  kind: string;
  seq: number;
  from?: string;
  text?: string;
  own?: boolean;
  reactions?: Record<string, string[]>;
  [member: string]: unknown;
}

export interface Member {
  username: string;
  device_id: string;
  role: string;
  own: boolean;
  /** shown() was told so. */
  seen: boolean;
  compared: 'no' | 'yes' | 'changed';
  /** For shown(). */
  mark: string;
}

export interface Session {
  session_id: string;
  name?: string;
  subject?: string;
  algorithm: string;
  state: string;
  last_seq: number;
  members: Member[];
  safety_number: string;
  /** Why nothing is sent there until a person has looked. */
  stop?: string;
  [member: string]: unknown;
}

export interface Person {
  username: string;
  /** Twelve groups of five, for two people to compare. */
  digits: string;
  compared: 'no' | 'yes' | 'changed';
  closed: boolean;
  forked: boolean;
  /** The server shows another account under that name. */
  other_digits?: string;
  [member: string]: unknown;
}

export interface Item {
  item: number;
  session_id: string;
  text: string;
  state: 'waiting' | 'refused';
  queued_at: number;
  key?: string;
  reason?: string;
}

/** Where it stands in the verified log; or that it is stored, and for what it waits. */
export type Sent = { kept: false; number: number } | { kept: true; item: number; why: string };

export interface Saying {
  /** The number of the message that it is about. */
  about?: number;
  /** The caller's own id of the text: it is sent once, however often the call is made. */
  key?: string;
  topic?: string;
  /** Also to members whom no person was shown. */
  toNewMembers?: boolean;
}

export class Client {
  static open(options: OpenOptions): Promise<Client>;
  static register(options: LoginOptions): Promise<Client>;
  static login(options: LoginOptions): Promise<Client>;
  static exists(storage: Storage): Promise<boolean>;
  /** Rejects where the passphrase does not open that storage: also while another tab has the
   * device, which does what it is asked for without. */
  static check(options: Pick<OpenOptions, 'storage' | 'passphrase' | 'wasm'>): Promise<void>;

  readonly username: string;
  readonly deviceId: string;

  close(): Promise<void>;
  /** Resolves when the client is closed. It closes itself where its state could not be stored
   * or its module has failed: then with that, and the state is to be opened again. */
  readonly ended: Promise<Failure | undefined>;
  /** Rejects, and leaves the login as it is, where the server does not say that it has ended. */
  logout(): Promise<void>;

  /** Gives a function that ends it. */
  on(listener: (event: Event) => void): () => void;
  events(): AsyncGenerator<Event, never, void>;
  /** Connects; events come from then on. */
  listen(): void;

  sessions(): Promise<Session[]>;
  describe(session: string): Promise<Session>;
  members(session: string): Promise<Member[]>;
  /** As far as the server says. */
  invitations(): Promise<{ session_id: string; inviter: string; [member: string]: unknown }[]>;
  /** Gives the id. */
  create(creation?: { name?: string; users?: string[]; open?: boolean;
    verifiedOnly?: boolean }): Promise<string>;
  join(session: string): Promise<void>;
  /** Gives how many devices were added; 0: the user may join later. */
  invite(session: string, user: string): Promise<number>;
  ask(session: string, user: string): Promise<void>;
  uninvite(session: string, user: string): Promise<void>;
  /** "user", or "user/device". */
  remove(session: string, whom: string): Promise<void>;
  rotate(session: string): Promise<void>;
  leave(session: string): Promise<void>;
  resolve(session: string): Promise<void>;
  refresh(session: string): Promise<void>;
  shown(session: string, marks: string[]): Promise<void>;

  send(session: string, text: string,
    saying?: Saying & { act?: 'say' | 'edit' | 'delete' | 'react' }): Promise<Sent>;
  reply(session: string, about: number, text: string, saying?: Saying): Promise<Sent>;
  react(session: string, about: number, emoji: string, saying?: Saying): Promise<Sent>;
  edit(session: string, about: number, text: string, saying?: Saying): Promise<Sent>;
  delete(session: string, about: number, saying?: Saying): Promise<Sent>;
  /** What was said before shown() goes to those who were shown, too. */
  flush(session: string): Promise<Sent>;
  /** Of all sessions, or of one. */
  outbox(session?: string): Promise<Item[]>;
  /** Forgets an item, or all of the session. */
  drop(session: string, item?: number): Promise<void>;

  entry(session: string, number: number): Promise<Entry>;
  entries(session: string, range?: { after?: number; last?: number }): Promise<Entry[]>;
  readTo(session: string, number: number): Promise<void>;

  verify(user: string): Promise<Person>;
  compared(user: string): Promise<void>;
}
