// An account's log of signed links (docs/protocol.md, "The account's log"): an
// independent encoder, by hand, that can also write what a good client never
// would.
import {
  createHash, generateKeyPairSync, randomBytes, sign,
} from 'node:crypto';

import { join, u16, u64, u8, vec } from './mls.mjs';

export const kinds = { begin: 1, add: 2, remove: 3, keys: 4, recover: 6,
  close: 7 };
const schemes = { ed25519: 0x0807, ed448: 0x0808 };
const none = Buffer.alloc(0);

const sha256 = (...parts) =>
  createHash('sha256').update(join(...parts)).digest();
export const linkHash = link =>
  sha256(Buffer.from('hermetic account 1'), link);
export const nameHash = (salt, name) =>
  sha256(Buffer.from('hermetic account name 1'), salt, Buffer.from(name));

// SignWithLabel, RFC 9420 section 5.1.2
const signed = (pair, label, content) => sign(null, join(
  vec(Buffer.from(`MLS 1.0 hermetic account ${label}`)), vec(content)),
pair.privateKey);

const publicOf = pair => Buffer.from(
  pair.publicKey.export({ format: 'jwk' }).x, 'base64url');
const newPair = curve => generateKeyPairSync(curve);
const keyOf = (curve, pair) =>
  join(u16(schemes[curve]), vec(publicOf(pair)));

/** What new keys sign. */
const context = (kind, about, part) => join(u8(1), u8(kind), about, part);

/** The keys of a device; `number` is set when its link is made. */
export class AccountDevice {
  /** ed25519, ed448: the key pairs that it has in its leaves. */
  constructor({ ed25519 = newPair('ed25519'), ed448 = newPair('ed448') } = {}) {
    this.link = newPair('ed25519');
    this.hpke = newPair('x25519');
    this.keys = [['ed25519', ed25519], ['ed448', ed448]];
  }

  entry(kind, about) {
    const part = join(publicOf(this.link), publicOf(this.hpke),
      vec(...this.keys.map(([curve, pair]) => keyOf(curve, pair))));
    const content = context(kind, about, part);
    return join(part, vec(...[this.link, ...this.keys.map(([, pair]) => pair)]
      .map(pair => vec(signed(pair, 'device', content)))));
  }
}

/** An account with its log as the test believes it to be. */
export class AccountLog {
  constructor(name, { salt = randomBytes(32), keys } = {}) {
    Object.assign(this, { name, salt, links: [] });
    this.first = new AccountDevice(keys);
    this.begin();
  }

  get fingerprint() { return linkHash(this.links[0]); }
  get number() { return this.links.length; }
  get hash() { return linkHash(this.links.at(-1)); }

  /** Another one that goes on from here. */
  branch() {
    return Object.assign(Object.create(AccountLog.prototype),
      { ...this, links: [...this.links] });
  }

  recoveryEntry(kind, about, pair) {
    return join(publicOf(pair), signed(pair, 'recovery',
      context(kind, about, publicOf(pair))));
  }

  /** by: a device, or null for the recovery key. `change` has other fields. */
  make(kind, body, by, { number = this.number + 1,
    before = this.links.length ? this.hash : Buffer.alloc(32),
    withdrawn = [], version = 1, label = 'link',
    signer = by ? by.number : 0, key = (by?.link ?? this.recovery) } = {}) {
    const tbs = join(u8(version), u64(number), before, u8(kind), vec(body),
      vec(...withdrawn), u64(signer));
    return join(tbs, signed(key, label, tbs));
  }

  take(link) {
    this.links.push(link);
    return link;
  }

  begin() {
    const about = nameHash(this.salt, this.name);
    this.first.number = 1;
    return this.take(this.make(kinds.begin,
      join(about, u8(0), this.first.entry(kinds.begin, about)), this.first));
  }

  add(device = new AccountDevice(), by = this.first, change = {}) {
    device.number = this.number + 1;
    return this.take(this.make(kinds.add,
      device.entry(kinds.add, this.fingerprint), by, change));
  }

  remove(device, by = this.first, change = {}) {
    return this.take(this.make(kinds.remove, vec(u64(device.number)), by,
      change));
  }

  withdraw(hashes, by = this.first) {
    return this.take(this.make(kinds.keys, join(vec(), vec()), by,
      { withdrawn: hashes }));
  }

  recover(by = this.first) {
    const next = newPair('ed25519');
    const link = this.make(kinds.recover,
      this.recoveryEntry(kinds.recover, this.fingerprint, next), by);
    this.recovery = next;
    return this.take(link);
  }

  close(by = this.first, change = {}) {
    return this.take(this.make(kinds.close, none, by, change));
  }
}

// --- leaves and places (docs/protocol.md) ------------------------------------

const byFingerprint = (a, b) => Buffer.compare(a.fingerprint, b.fingerprint);

/** The extension with the places of these logs: { fingerprint, number, hash }. */
export function places(...logs) {
  return join(u16(0xf7f3), vec(vec(...logs.toSorted(byFingerprint).map(log =>
    join(log.fingerprint, u64(log.number), log.hash)))));
}

/** The field `links` of a commit's authenticated data: of each log its links
 * behind the number `from`. */
export function carried(...logs) {
  return vec(...logs.toSorted(byFingerprint).map(({ fingerprint, links,
    from = 0 }) => join(fingerprint, vec(...links.slice(from)
    .map(link => vec(link))))));
}
