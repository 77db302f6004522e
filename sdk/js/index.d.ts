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
  /** What the message is about, where it is about one: a user, or a device as members are
   * called; an item of the outbox that stands there as refused. */
  readonly about: { session?: string; name?: string; item?: number };
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
  /** Writes receipts: what has come here, and with readTo() what the person has read, unless
   * setWish() says otherwise. Without it none are written. */
  receipts?: boolean;
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
  /** Of login(): the recovery key lets a new device in without another one. */
  recovery?: string;
  /** Where the server lets only those register who have one. */
  token?: string;
}

interface Told {
  /** The id; empty where it is about none. */
  session: string;
  text: string;
}

/** An entry of a session's log. `receipt`: `from` has the log up to `json.delivered`, and has
 * read up to `json.read`. */
export interface EntryEvent extends Told {
  kind: 'text' | 'edit' | 'delete' | 'reaction' | 'receipt' | 'entry';
  /** The number of the entry in the session's log. */
  number: number;
  from: string;
  device: string;
  /** Said by this device. */
  own: boolean;
  /** The number of the message that it is about; 0: none. */
  about: number;
  /** Unix milliseconds, as the sender says. */
  sentAt: number;
  topic: string;
  /** Another one names this account in it. */
  mentioned: boolean;
  /** All that is kept of it. */
  json: Entry;
}

/** An item of the outbox stands at `number`, or was refused for good. */
export interface ItemEvent extends Told {
  kind: 'sent' | 'refused';
  item: number;
  number: number;
}

/** Others than before type in the session: their names; [] when nobody does any more. */
export interface TypingEvent extends Told {
  kind: 'typing';
  json: string[];
}

/** `failed`: what was pushed could not be taken in; the rest as libhermetic has them
 * (hermetic.h). */
export interface OtherEvent extends Told {
  kind: 'ended' | 'invited' | 'device-waits' | 'connected' | 'disconnected' | 'failed';
}

/** A file goes to the server, or comes from it: bytes of its ciphertext. */
export interface ProgressEvent extends Told {
  kind: 'progress';
  /** That of sendFile(); of saveFile() `${session}/${number}`. */
  key: string;
  done: number;
  total: number;
}

export type Event = EntryEvent | ItemEvent | TypingEvent | ProgressEvent | OtherEvent;

/** What is kept of an entry: docs/state.md, "What is kept of an entry". */
export interface Entry {
  kind: string;
  seq: number;
  from?: string;
  text?: string;
  own?: boolean;
  reactions?: Record<string, string[]>;
  /** Of a receipt: how far. */
  delivered?: number;
  read?: number;
  /** Of a text of one's own: who has it, and who has read it. */
  delivered_to?: string[];
  read_by?: string[];
  /** Of a text with a file, for saveFile(). */
  file?: { id: string; name: string; type: string; size: number };
  [member: string]: unknown;
}

export interface Member {
  username: string;
  /** The fingerprint of the account that has this name here; leaves of before have none. */
  account?: string;
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
  /** 'member', 'joining', 'creating'; 'left' and 'removed': what was read stays readable. */
  state: string;
  last_seq: number;
  /** Up to where the person has read, and how many texts of others stand behind that: 1,000
   * at most. */
  read: number;
  unread: number;
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
  /** Of one's own: whether the account has a recovery key. */
  recovery?: boolean;
  /** The server shows another account under that name; its fingerprint is for accept(). */
  other_digits?: string;
  other_fingerprint?: string;
  [member: string]: unknown;
}

/** One's own. What `stands` says is verified, and all else the server's word. */
export interface OwnDevice {
  device_id: string;
  name: string;
  /** In the account's log. */
  number?: number;
  /** This one. */
  own: boolean;
  /** Is not approved. */
  pending?: boolean;
  /** Asks to be approved now. */
  waits: boolean;
  /** Has KeyPackages, so it can come into sessions. */
  ready: boolean;
  /** In the account's log. */
  stands: boolean;
  [member: string]: unknown;
}

export interface Blocked {
  username: string;
  fingerprint?: string;
  /** False: another device of the account has blocked them, as the server says. */
  here: boolean;
}

/** What is not said is all of it. */
export interface Search {
  /** All of them stand in the text, its last edit or the name of its file, without regard to
   * case. */
  words?: string;
  session?: string;
  topic?: string;
  /** Entries with a greater number, and with a smaller one. */
  after?: number;
  before?: number;
  /** From the first one on that was sent then or later, Unix milliseconds. */
  since?: number;
  /** At most so many of each session, the latest. */
  last?: number;
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
export type Sent = { kept: false; number: number } |
  { kept: true; item: number; why: string; slug: string };

export interface Saying {
  /** The number of the message that it is about. */
  about?: number;
  /** The caller's own id of the text: it is sent once, however often the call is made. */
  key?: string;
  topic?: string;
  /** Also to members whom no person was shown. */
  toNewMembers?: boolean;
}

/** What a device does, in whichever tab it is. */
export interface Calls {
  /** Gives a function that ends it. */
  on(listener: (event: Event) => void): () => void;
  /** The events from now on, until the client is closed. */
  events(): AsyncGenerator<Event, void, void>;
  /** Resolves when the client is closed. It closes itself where its state could not be stored
   * or its module has failed: then with that, and the state is to be opened again. */
  readonly ended: Promise<Failure | undefined>;
  close(): Promise<void>;

  /** Whose device this is, and whether a server pushes to it: what the events `connected` and
   * `disconnected` have said last. */
  status(): Promise<{ username: string; deviceId: string; connected?: boolean }>;
  sessions(): Promise<Session[]>;
  describe(session: string): Promise<Session>;
  members(session: string): Promise<Member[]>;
  /** The id of the session of that name, or whose id begins so. */
  find(word: string): Promise<string>;
  /** As far as the server says. */
  invitations(): Promise<{ session_id: string; inviter: string; [member: string]: unknown }[]>;
  /** Who has signed the invitation into that session. Whose counts is known by a join. */
  letters(session: string): Promise<{ by: string; compared: Person['compared'] }[]>;
  /** Gives the id. */
  create(creation?: { name?: string; users?: string[]; open?: boolean;
    verifiedOnly?: boolean }): Promise<string>;
  /** True: what was stored of the session was damaged, and is lost here. */
  join(session: string): Promise<boolean>;
  /** The invitation is not taken; a device that was added leaves. */
  decline(session: string): Promise<void>;
  /** Gives how many devices were added; 0: the user may join later. */
  invite(session: string, user: string): Promise<number>;
  ask(session: string, user: string): Promise<void>;
  uninvite(session: string, user: string): Promise<void>;
  /** "user", or "user/device". */
  remove(session: string, whom: string): Promise<void>;
  /** `denied`: this member may not. */
  setRole(session: string, user: string, role: 'owner' | 'admin' | 'member'): Promise<void>;
  /** Removes them, and keeps them out. */
  ban(session: string, user: string): Promise<void>;
  unban(session: string, user: string): Promise<void>;
  rotate(session: string): Promise<void>;
  leave(session: string): Promise<void>;
  /** As join(). */
  resolve(session: string): Promise<boolean>;
  refresh(session: string): Promise<void>;
  shown(session: string, marks: string[]): Promise<void>;
  /** Both are kept and sent as texts are. */
  setName(session: string, name: string): Promise<Sent>;
  setSubject(session: string, subject: string): Promise<Sent>;

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
  /** Seals what a Blob (a File) or a stream has, as large as the server takes it, stores it, and says
   * it with `text`, which may be empty. One that was cut off, also by the end of the page,
   * goes on where it was when the same bytes are given under the same key within two days. The
   * same file under the key of one that was said is not stored and said again, and gives what it
   * gave then; something else under that key is `conflict` (`key-reused`). */
  sendFile(session: string,
    source: Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
    file?: Saying & { name?: string; type?: string; text?: string }): Promise<Sent>;
  /** The file that an entry names, once all of it was verified. Who sent it chose its name and
   * its type: what a page opens as a document of its own runs in it. */
  saveFile(session: string, number: number):
    Promise<{ name: string; type: string; size: number; blob: Blob }>;
  /** The same, written to a stream as it comes: that is ended when all of it was verified. Where
   * the call is rejected the stream is aborted, and what was written is not the file: throw it
   * away. In the place of memory for all of it; not of SharedClient. */
  saveFile(session: string, number: number, how: { to: WritableStream<Uint8Array> }):
    Promise<{ name: string; type: string; size: number }>;
  /** A transfer under that key (ProgressEvent), whose call is rejected with `cancelled`. */
  cancel(key: string): Promise<void>;
  /** The person types there, or does not any more. Call it as often as something is typed, and
   * not for what is sent: members are told every four seconds at most. */
  type(session: string, types?: boolean): Promise<void>;

  entry(session: string, number: number): Promise<Entry>;
  entries(session: string, range?: { after?: number; last?: number }): Promise<Entry[]>;
  /** Entries that are kept, without receipts; nothing is asked of a server. */
  search(query?: Search): Promise<{ session: string; entries: Entry[] }[]>;
  readTo(session: string, number: number): Promise<void>;
  /** What this device tells others of itself: both, until setWish() says otherwise. */
  wishes(): Promise<{ receipts: boolean; typing: boolean }>;
  setWish(wish: 'receipts' | 'typing', on: boolean): Promise<void>;

  /** What is known here of an account; verify() reads its log before. */
  person(user: string): Promise<Person>;
  verify(user: string): Promise<Person>;
  compared(user: string): Promise<void>;
  /** The person was shown Person.other_digits, and says that the name is meant for that
   * account. */
  accept(user: string, fingerprint: string): Promise<void>;
  blocks(): Promise<Blocked[]>;
  /** `known`: the server shows somebody of that name. */
  block(user: string): Promise<{ known: boolean }>;
  unblock(user: string): Promise<void>;

  /** A new recovery key, for its person to write down: it counts once setRecoveryKey() is given
   * it, as they have typed it. `old` is the one that stands: `recovery-key-stands` without. */
  newRecoveryKey(old?: string): Promise<string>;
  setRecoveryKey(typed: string, old?: string): Promise<void>;

  devices(): Promise<OwnDevice[]>;
  /** Lets in the device that has asked with this code; `code-mismatch`: none has. Then link()
   * brings it into sessions. */
  approve(code: string): Promise<{ device_id: string; name: string; number: number }>;
  /** One's other devices come into one's sessions: all of them, and the one of that number
   * once it goes on, for which a minute is waited: then `not-ready`. */
  link(number?: number): Promise<{ session_id: string; devices: number; missing: number }[]>;
  /** By its id, the beginning of that, or its name: one that asks is not let in; one that
   * stands in the account is ended, there and in one's sessions. */
  refuse(device: string): Promise<void>;
  revoke(device: string): Promise<void>;
}

export interface Client extends Calls {}
export class Client {
  static open(options: OpenOptions): Promise<Client>;
  static register(options: LoginOptions): Promise<Client>;
  /** Without a user name the one of the state: of a device that waits to be approved, or has
   * logged out. */
  static login(options: Partial<Pick<LoginOptions, 'username'>> &
    Omit<LoginOptions, 'username'>): Promise<Client>;
  static exists(storage: Storage): Promise<boolean>;
  /** Rejects where the passphrase does not open that storage: also while another tab has the
   * device, which does what it is asked for without. */
  static check(options: Pick<OpenOptions, 'storage' | 'passphrase' | 'wasm'>): Promise<void>;
  /** A QR code of a short text, such as the code of a device that waits: its rows, of "1" for
   * dark and "0" for light. */
  static qr(text: string, options?: Pick<OpenOptions, 'wasm'>): Promise<string[]>;

  readonly username: string;
  readonly deviceId: string;

  /** Rejects, and leaves the login as it is, where the server does not say that it has ended. */
  logout(): Promise<void>;
  /** Connects; events come from then on. */
  listen(): void;
}

/** The device of all tabs of a page; in browsers only. One of them has it, and does what all
 * ask for; it listens, and each tab is told all events. Where that tab is closed while it does
 * something that is not done twice, the call is rejected with `tab-closed`. */
export interface SharedClient extends Calls {}
export class SharedClient {
  /** Opens the device that is logged in in that storage, when it is this tab's turn. */
  constructor(options: OpenOptions & { storage: IndexedDbStorage });
  /** Whether this tab has the device. */
  readonly leads: boolean;
}
