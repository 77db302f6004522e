// A client of the API for tests. Every answer is held against
// docs/openapi.yaml or docs/openapi-admin.yaml (openapi.mjs).
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';

import { AccountLog } from './accounts.mjs';
import {
  DeviceKeys, Group, departure, envelope, firstHead,
} from './mls.mjs';
import { adminApi, api } from './openapi.mjs';

export const base64 = bytes => Buffer.from(bytes).toString('base64');
export const bytesOf = text => Buffer.from(text, 'base64');

/**
 * One request. { status, headers, json, bytes }; json is undefined when the
 * answer is not JSON. `document` is the one that the answer is held against.
 */
export async function call(url, method, path, {
  token, json, bytes, type, accept, headers = {}, document = api,
} = {}) {
  const sent = { ...headers };
  if (token !== undefined) sent.authorization = `Bearer ${token}`;
  if (accept) sent.accept = accept;
  let body = bytes;
  if (json !== undefined) {
    sent['content-type'] = 'application/json';
    body = typeof json === 'string' ? json : JSON.stringify(json);
  }
  if (type) sent['content-type'] = type;
  const response = await fetch(url + path, { method, headers: sent, body });
  const answer = { method, path, status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()) };
  if (/json$/.test(response.headers.get('content-type') ?? '') &&
      method !== 'HEAD')
    answer.json = JSON.parse(answer.bytes.toString('utf8'));
  if (method !== 'HEAD') document.checkAnswer(answer);
  if (response.ok && typeof json === 'object')
    document.checkRequest({ method, path, json });
  return answer;
}

/** The same of the administration's API. */
export const callAdmin = (url, token, method, path, options) =>
  call(url, method, `/admin${path}`, { token, document: adminApi, ...options });

/** Asserts that an answer is the problem `slug`; returns the problem. */
export function refused(answer, status, slug) {
  const got = `${answer.status} ${answer.json?.type} ${answer.json?.detail}`;
  assert.equal(answer.status, status, got);
  assert.equal(answer.json.type, `urn:hermetic:problem:${slug}`, got);
  return answer.json;
}

/** Asserts the status; returns the JSON. */
export function ok(answer, status = 200) {
  assert.equal(answer.status, status,
    `${answer.method} ${answer.path}: ${JSON.stringify(answer.json)}`);
  return answer.json;
}

export const newName = stem => `${stem}-${randomBytes(4).toString('hex')}`;

/** One device of a user that is logged in. */
export class Device {
  constructor(url, { username, password }, tokens) {
    Object.assign(this, { url, username, password });
    this.take(tokens);
    this.keys = new Map(); // algorithm: DeviceKeys
  }

  take(tokens) {
    this.id = tokens.device_id;
    this.userId = tokens.user_id;
    this.access = tokens.access_token;
    this.refreshToken = tokens.refresh_token;
  }

  get identity() {
    return this.log ? `${this.log.fingerprint.toString('hex')}/${this.number}`
      : `${this.username}/${this.id}`;
  }

  keysFor(algorithm = 'chacha20-poly1305') {
    if (!this.keys.has(algorithm))
      this.keys.set(algorithm, new DeviceKeys(this.identity, algorithm));
    return this.keys.get(algorithm);
  }

  call(method, path, options = {}) {
    return call(options.url ?? this.url, method, path,
      { token: this.access, ...options });
  }

  get(path, options) { return this.call('GET', path, options); }
  post(path, json, options) {
    return this.call('POST', path, { json, ...options });
  }

  /** Another device of the same user. */
  async another() {
    return login(this.url, this);
  }
}

export async function login(url, { username, password, device_id }) {
  const json = { username, password, ...(device_id && { device_id }) };
  return new Device(url, { username, password },
    ok(await call(url, 'POST', '/auth/login', { json })));
}

/** A new user with one device. */
export async function newUser(url, stem = 'user') {
  const who = { username: newName(stem), password: randomUUID() };
  ok(await call(url, 'POST', '/auth/register', { json: who }), 201);
  return login(url, who);
}

/** Users of these stems, with one device each. */
export const newUsers = (url, ...stems) =>
  Promise.all(stems.map(stem => newUser(url, stem)));

/** A new user with a log whose first device it is: its leaves are that one's. */
export async function newAccount(url, stem = 'user') {
  const user = await newUser(url, stem);
  const pair = algorithm => user.keysFor(algorithm).pair;
  const log = new AccountLog(user.username, { keys: {
    ed25519: pair('chacha20-poly1305'), ed448: pair('aes-256-gcm') } });
  ok(await user.post(`/users/${user.username}/log`, {
    link: base64(log.links[0]), salt: base64(log.salt) }), 201);
  Object.assign(user, { log, number: 1 });
  for (const keys of user.keys.values()) keys.identity = user.identity;
  return user;
}

/** What goes with a commit: the next GroupInfo, its part, or (`beside`) the part of one
 * whose tree goes beside it. */
const told = (next, part) => part
  ? { partial_group_info: base64(next.part({ beside: part === 'beside' })) }
  : { group_info: base64(next.info()) };

/**
 * A session with its log as the test believes it to be. The bytes are as an
 * MLS client's would be, as far as a server can see.
 */
export class Session {
  constructor(id, algorithm, creator, extensions) {
    this.id = id;
    this.algorithm = algorithm;
    this.leaves = new Map(); // device id: leaf index
    this.group = new Group({ session: id, algorithm,
      keys: creator.keysFor(algorithm), extensions });
    this.epoch = 0;
  }

  static async create(creator, {
    algorithm = 'chacha20-poly1305', extensions, ...more
  } = {}) {
    const session = new Session(randomUUID(), algorithm, creator, extensions);
    session.leaves.set(creator.id, 0);
    ok(await creator.post('/session/create', {
      session_id: session.id, algorithm,
      group_info: base64(session.group.info()), ...more,
    }), 201);
    return session;
  }

  /** A session of the one that the other is in, too. */
  static async pair(creator, other, options) {
    const session = await Session.create(creator, options);
    await session.add(creator, other);
    return session;
  }

  path(rest = '') { return `/session/${this.id}${rest}`; }

  /** Of the commit that was made last, or as if of another epoch. */
  groupInfo(epoch) {
    return (this.next ?? this.group).info(epoch === undefined ? {} : { epoch });
  }

  /** What a commit leads to has come to be. */
  adopt(next = this.next) {
    this.group = next;
    this.epoch = next.epoch;
  }

  envelope(options = {}) {
    return envelope({ session: this.id, algorithm: this.algorithm,
      epoch: this.epoch, ...options });
  }

  commit(device, options = {}) {
    const { bytes, next } = this.group.commit({ epoch: this.epoch,
      leafIndex: this.leaves.get(device.id),
      keys: device.keysFor(this.algorithm), ...options });
    this.next = next;
    return bytes;
  }

  /** `envelope` is one that was made before; else it is made of the options. */
  send(device, { envelope: made, ...options } = {}) {
    return device.post(this.path('/send'),
      { envelope: base64(made ?? this.envelope(options)) }, options);
  }

  /** Posts a commit that adds, removes or neither. */
  async change(device, { welcome, part = false, ...options } = {}) {
    const commit = this.commit(device, options);
    const { next } = this;
    const answer = await device.post(this.path('/commit'), {
      commit: base64(commit), ...told(next, part),
      ...(welcome && { welcome: base64(welcome) }),
    });
    if (answer.status === 201) this.adopt(next);
    return answer;
  }

  /** The same, for what must succeed: adds these devices by KeyPackage. */
  async add(device, ...devices) {
    return this.addBy(device, devices);
  }

  async addBy(device, devices, options = {}) {
    const answer = ok(await this.change(device, { ...options,
      add: devices.map(d => d.keysFor(this.algorithm).keyPackage()),
      welcome: randomBytes(100),
    }), 201);
    for (const added of devices) this.leaves.set(added.id, this.freeLeaf());
    return answer;
  }

  async remove(device, ...devices) {
    const answer = ok(await this.change(device, {
      remove: devices.map(d => this.leaves.get(d.id)),
    }), 201);
    for (const removed of devices) this.leaves.delete(removed.id);
    return answer;
  }

  /** By external commit. */
  async join(device, { part = false, ...options } = {}) {
    const commit = this.commit(device, { external: true, ...options });
    const { next } = this;
    const answer = await device.post('/session/join', {
      session_id: this.id, commit: base64(commit), ...told(next, part),
    });
    if (answer.status === 200) {
      this.leaves.set(device.id, this.freeLeaf());
      this.adopt(next);
    }
    return answer;
  }

  /** A departure of `gone`, which `by` signs (itself, or one of its user). */
  departure(gone, { by = gone, ...options } = {}) {
    const leafIndex = this.leaves.get(gone.id);
    return departure({ session: this.id, leafIndex,
      leaf: this.group.leaves[leafIndex], signer: this.leaves.get(by.id),
      keys: by.keysFor(this.algorithm), ...options });
  }

  /** `by` posts it, too. */
  leave(gone, { by = gone, ...options } = {}) {
    return by.post(this.path('/leave'),
      { departure: base64(this.departure(gone, { by, ...options })) });
  }

  freeLeaf() {
    const taken = new Set(this.leaves.values());
    let leaf = 0;
    while (taken.has(leaf)) leaf++;
    return leaf;
  }

  async history(device, query = '') {
    return ok(await device.get(this.path(`/messages${query}`))).messages;
  }
}

// The chain of a session's log (docs/protocol.md): head 0, and the next one.
export { firstHead };

/** An entry's place, as its head is over it. */
function place({ seq, kind }) {
  const number = Buffer.alloc(9);
  number.writeBigUInt64BE(BigInt(seq));
  number[8] = kind;
  return number;
}

const sha256 = (...parts) => createHash('sha256')
  .update(Buffer.concat(parts)).digest();

export function nextHead(head, { hash, envelope, ...m }) {
  const of = envelope === undefined ? Buffer.from(hash, 'hex')
    : sha256(bytesOf(envelope));
  return sha256(Buffer.from('hermetic chain 2'), Buffer.from(head, 'hex'),
    place(m), of).toString('hex');
}

/** In the chain of before: over the bytes. */
export function nextHead1(head, { envelope, ...m }) {
  return sha256(Buffer.from('hermetic chain 1'), Buffer.from(head, 'hex'),
    place(m), bytesOf(envelope)).toString('hex');
}
