// The bytes of MLS (RFC 9420) as far as a server can read them: signatures
// are real, what is sealed is random. An independent encoder, by hand, that
// can also write what a good client never would.
import {
  createHash, generateKeyPairSync, randomBytes, sign,
} from 'node:crypto';

export const suites = {
  'chacha20-poly1305': { id: 3, curve: 'ed25519', kem: 32, tag: 32 },
  'aes-256-gcm': { id: 4, curve: 'ed448', kem: 56, tag: 64 },
  'twofish-256-gcm': { id: 0xf7f1, curve: 'ed25519', kem: 32, tag: 32 },
  'xwing-chacha20-poly1305': { id: 0xf7f3, curve: 'ed25519', kem: 1216,
    tag: 32, vector: 1152, output: 1120 },
};

/** A public key of a suite's KEM. Of X-Wing it begins with ML-KEM's vector of
 * coefficients, 12 bits each, which have to be below 3329. */
export function kemKey(suite) {
  const key = randomBytes(suite.kem);
  for (let i = 0; i < (suite.vector ?? 0); i += 3) {
    key[i + 1] &= 0xf7;
    key[i + 2] &= 0x7f;
  }
  return key;
}

/** What its KEM puts out; of Diffie-Hellman it is a key. */
const kemOutputOf = suite => randomBytes(suite.output ?? suite.kem);

// --- encoding (RFC 8446 section 3, RFC 9420 section 2.1) --------------------

export const u8 = n => Buffer.from([n]);
export const u16 = n => { const b = Buffer.alloc(2); b.writeUInt16BE(n); return b; };
const u32 = n => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
export const u64 = n => {
  const b = Buffer.alloc(8);
  b.writeBigUInt64BE(BigInt(n));
  return b;
};
export const join = (...parts) => Buffer.concat(parts);

export function vec(...parts) {
  const content = join(...parts);
  const n = content.length;
  const length = n < 64 ? u8(n) : n < 16384 ? u16(0x4000 | n)
    : u32(0x80000000 + n);
  return join(length, content);
}

export const uuidBytes = id => Buffer.from(id.replaceAll('-', ''), 'hex');

const message = (format, body) => join(u16(1), u16(format), body);

// --- keys --------------------------------------------------------------------

/** The signature key of one device and suite, and what it signs. */
export class DeviceKeys {
  constructor(identity, algorithm) {
    this.identity = identity;
    this.suite = suites[algorithm];
    this.pair = generateKeyPairSync(this.suite.curve);
    this.publicKey = Buffer.from(
      this.pair.publicKey.export({ format: 'jwk' }).x, 'base64url');
  }

  // SignWithLabel, section 5.1.2
  sign(label, content) {
    return sign(null, join(vec(Buffer.from(`MLS 1.0 ${label}`)),
      vec(content)), this.pair.privateKey);
  }

  leaf({ source, identity = this.identity,
    suites: offered = [...new Set([3, 4, 0xf7f1, this.suite.id])],
    notBefore = Math.floor(Date.now() / 1000) - 3600,
    notAfter = Math.floor(Date.now() / 1000) + 86400,
    context = Buffer.alloc(0), parentHash = Buffer.alloc(0),
    extensions = [0xf7f0, 0xf7f2, 0xf7f3, 0xf7f8, 0xf7f9, 0xff01] }) {
    const tbs = join(vec(kemKey(this.suite)), vec(this.publicKey),
      u16(1), vec(Buffer.from(identity)),
      vec(u16(1)), vec(...offered.map(u16)), vec(...extensions.map(u16)), vec(),
      vec(u16(1)),
      u8(source),
      source === 1 ? join(u64(notBefore), u64(notAfter))
        : source === 3 ? vec(parentHash) : Buffer.alloc(0),
      vec());
    return join(tbs, vec(this.sign('LeafNodeTBS', join(tbs, context))));
  }

  /** A KeyPackage, without an MLSMessage around it; `leaf` is in it. */
  keyPackage({ suite = this.suite.id, initKey = kemKey(this.suite),
    ...options } = {}) {
    const leaf = this.leaf({ source: 1, ...options });
    const tbs = join(u16(1), u16(suite), vec(initKey), leaf, vec());
    return Object.assign(join(tbs, vec(this.sign('KeyPackageTBS', tbs))),
      { leaf });
  }
}

// --- messages ------------------------------------------------------------------

const proposal = (type, body) => join(u8(1), u16(type), body);

const number = (first, width) => 2 * first + width - 1;

/**
 * An MLS group as the world outside sees it: its tree, its transcript, and what
 * its members sign. A node of the tree is named by its first leaf and its width;
 * its number (appendix C) is that of `number()`.
 */
export class Group {
  /** keys: of the one who makes it. */
  constructor({ session, algorithm, keys, extensions = Buffer.alloc(0) }) {
    Object.assign(this, { id: uuidBytes(session), suite: suites[algorithm],
      epoch: 0, leaves: [keys.leaf({ source: 1 })], parents: new Map(),
      signer: 0, keys, extensions,
      confirmed: Buffer.alloc(0) });
    this.tag = randomBytes(this.suite.tag);
  }

  hash(...parts) {
    const name = this.suite.tag === 64 ? 'sha512' : 'sha256';
    return createHash(name).update(join(...parts)).digest();
  }

  // RFC 9420 section 7.8
  treeHash(first = 0, width = this.width()) {
    if (width === 1) {
      const leaf = this.leaves[first];
      return this.hash(u8(1), u32(first), leaf ? join(u8(1), leaf) : u8(0));
    }
    const parent = this.parents.get(number(first, width));
    return this.hash(u8(2), parent ? join(u8(1), this.parent(parent)) : u8(0),
      vec(this.treeHash(first, width / 2)),
      vec(this.treeHash(first + width / 2, width / 2)));
  }

  // section 7.1
  parent({ key, hash, unmerged }) {
    return join(vec(key), vec(hash), vec(...unmerged.map(u32)));
  }

  width() {
    let width = 1;
    while (width < this.leaves.length) width *= 2;
    return width;
  }

  tree() {
    return vec(...Array.from({ length: 2 * this.leaves.length - 1 }, (_, i) => {
      const leaf = i % 2 === 0 && this.leaves[i / 2];
      const parent = this.parents.get(i);
      return leaf ? join(u8(1), u8(1), leaf)
        : parent ? join(u8(1), u8(2), this.parent(parent)) : u8(0);
    }));
  }

  /** The nodes above a leaf, from the lowest, each with its copath. */
  above(leaf) {
    const nodes = [];
    for (let width = 2; width <= this.width(); width *= 2) {
      const first = leaf - leaf % width;
      const half = width / 2;
      nodes.push({ at: number(first, width), half,
        copath: leaf < first + half ? first + half : first });
    }
    return nodes;
  }

  // section 4.1.1: node numbers
  resolution(first, width) {
    const parent = this.parents.get(number(first, width));
    if (width === 1) return this.leaves[first] ? [2 * first] : [];
    if (parent) return [number(first, width), ...parent.unmerged.map(l => 2 * l)];
    return [...this.resolution(first, width / 2),
      ...this.resolution(first + width / 2, width / 2)];
  }

  put(leaf, content) {
    this.leaves[leaf] = content;
    for (const { at } of this.above(leaf)) {
      const parent = this.parents.get(at);
      if (parent) this.parents.set(at, { ...parent, unmerged:
        [...parent.unmerged, leaf].sort((a, b) => a - b) });
    }
  }

  take(leaf) {
    for (const { at } of this.above(leaf)) this.parents.delete(at);
    this.leaves[leaf] = undefined;
    while (this.leaves.length > 1 && !this.leaves.at(-1)) this.leaves.pop();
    for (const at of this.parents.keys())
      if (at >= 2 * this.width() - 1) this.parents.delete(at);
  }

  /** An UpdatePath (section 7.6) of new keys, sealed for nobody. */
  renew(leaf, keys, added, identity, { kemOutput, ciphertext } = {}) {
    if (leaf >= this.leaves.length) this.leaves.length = leaf + 1;
    const nodes = this.above(leaf);
    for (const { at } of nodes) this.parents.delete(at);
    const route = nodes.filter(n => this.resolution(n.copath, n.half).length);
    let hash = Buffer.alloc(0);
    for (const n of [...route].reverse()) {
      const key = kemKey(this.suite);
      this.parents.set(n.at, { key, hash, unmerged: [] });
      hash = this.hash(vec(key), vec(hash), vec(this.treeHash(n.copath, n.half)));
    }
    this.leaves[leaf] = keys.leaf({ source: 3, identity, parentHash: hash,
      context: join(vec(this.id), u32(leaf)) });
    return join(u8(1), this.leaves[leaf], vec(...route.map(n =>
      join(vec(this.parents.get(n.at).key),
        vec(...this.resolution(n.copath, n.half)
          .filter(node => !added.includes(node / 2))
          .map(() => join(vec(kemOutput ?? kemOutputOf(this.suite)),
            vec(ciphertext ?? randomBytes(this.suite.tag + 16)))))))));
  }

  context() {
    return join(u16(1), u16(this.suite.id), vec(this.id), u64(this.epoch),
      vec(this.treeHash()), vec(this.confirmed), vec(this.extensions));
  }

  /** A GroupInfo; `change` overrides what it says. */
  info({ externalPub = kemKey(this.suite), ...change } = {}) {
    const group = Object.assign(Object.create(Group.prototype), this, change);
    const tbs = join(group.context(), vec(u16(2), vec(group.tree()),
      ...externalPub ? [u16(4), vec(vec(externalPub))] : []),
      vec(group.tag), u32(group.signer));
    return message(4, join(tbs, vec(group.keys.sign('GroupInfoTBS', tbs))));
  }

  /** The part of a GroupInfo that a server cannot make: PartialGroupInfo. `beside`:
   * of one whose tree goes beside it. */
  part({ externalPub = kemKey(this.suite), keys = this.keys,
    more = Buffer.alloc(0), beside = false } = {}) {
    const extensions = join(u16(4), vec(vec(externalPub)), more,
      ...beside ? [u16(0xf7f7), vec()] : []);
    const tree = beside ? [] : [u16(2), vec(this.tree())];
    const tbs = join(this.context(), vec(extensions, ...tree),
      vec(this.tag), u32(this.signer));
    return join(vec(extensions), vec(keys.sign('GroupInfoTBS', tbs)));
  }

  freeLeaf() {
    const free = this.leaves.findIndex(l => !l);
    return free < 0 ? this.leaves.length : free;
  }

  /**
   * A PublicMessage with a Commit. `add`: KeyPackages; `remove`: leaf indices;
   * `byReference`: ProposalRefs; `raw`: encoded ProposalOrRefs; `said`: its
   * authenticated data; `form`: bytes that its suite does not have. `next` is the
   * group that it leads to.
   */
  commit({ keys, leafIndex, external = false, add = [], remove = [],
    byReference = [], raw = [], path = true, identity,
    session, epoch = this.epoch, extensions, said = Buffer.alloc(0),
    form = {} }) {
    const id = session ? uuidBytes(session) : this.id;
    const next = Object.assign(Object.create(Group.prototype), this, {
      id, epoch: epoch + 1, leaves: [...this.leaves],
      parents: new Map(this.parents), keys,
      tag: form.confirmation ?? randomBytes(this.suite.tag) });
    for (const leaf of remove) next.take(leaf);
    const added = [];
    for (const keyPackage of add) {
      added.push(next.freeLeaf());
      next.leaves.length = Math.max(next.leaves.length, added.at(-1) + 1);
      next.put(added.at(-1), keyPackage.leaf ?? randomBytes(9));
    }
    const at = external ? next.freeLeaf() : leafIndex;
    const proposals = [
      ...remove.map(leaf => proposal(3, u32(leaf))),
      ...add.map(keyPackage => proposal(1, keyPackage)),
      ...byReference.map(ref => join(u8(2), vec(ref))),
      ...external ? [proposal(6,
        vec(form.init ?? kemOutputOf(keys.suite)))] : [],
      ...extensions ? [proposal(7, vec(extensions))] : [],
      ...raw,
    ];
    const update = path ? next.renew(at ?? 0, keys, added, identity, form)
      : u8(0);
    next.signer = at ?? 0;
    if (extensions) next.extensions = extensions;

    const content = join(vec(id), u64(epoch),
      external ? u8(4) : join(u8(1), u32(leafIndex)), vec(said),
      u8(3), vec(...proposals), update);
    const signature = vec(keys.sign('FramedContentTBS',
      join(u16(1), u16(1), content, this.context())));
    next.confirmed = this.hash(this.hash(this.confirmed, vec(this.tag)),
      u16(1), content, signature);
    const bytes = message(1, join(content, signature, vec(next.tag),
      external ? Buffer.alloc(0)
        : vec(form.membership ?? randomBytes(keys.suite.tag))));
    return { bytes, next };
  }
}

/** The roles extension: { username: 'owner' or 'admin' }. */
export function roles(of) {
  const rows = Object.entries(of).map(([name, role]) =>
    join(vec(Buffer.from(name)), u8(role === 'owner' ? 2 : 1)));
  return join(u16(0xf7f2), vec(vec(...rows)));
}

/** The extension of who may come in, invited by `by`: nobody else unless it is `open`. */
export function invited(by, users = [], { open = false, last = 900 } = {}) {
  const rows = users.map(user => join(vec(Buffer.from(user)), vec(Buffer.from(by)),
    u64(last)));
  return join(u16(0xf7f8), vec(join(u8(open ? 1 : 0), vec(...rows))));
}

/** Bytes that no format begins with: random ones are one of them now and then. */
export const noise = length => Buffer.alloc(length, 0xff);

/** The head before a log's first entry (docs/protocol.md, "Transcript"). */
export const firstHead = session => createHash('sha256')
  .update('hermetic chain 1').update(uuidBytes(session)).digest('hex');

/** What a sender says that it has seen of the log; head in hex. */
export const view = ({ seq, head }) =>
  join(u8(1), u64(seq), Buffer.from(head, 'hex'));

/** `seen`: of a sender that has seen nothing yet; `said`: its authenticated
 * data. */
export function privateMessage({ session, epoch, contentType = 1,
  length = 80, nonce = Buffer.alloc(16), seen = { seq: 0,
    head: firstHead(session) }, said = join(view(seen), nonce) }) {
  return message(2, join(vec(uuidBytes(session)), u64(epoch), u8(contentType),
    vec(said), vec(randomBytes(28)), vec(randomBytes(length))));
}

/** 6 bytes of Unix milliseconds, 10 random. */
export function newNonce(at = Date.now()) {
  return join(u64(at).subarray(2), randomBytes(10));
}

/** docs/protocol.md, "Envelope". */
export function envelope({ session, algorithm, epoch, nonce = newNonce(),
  version = 1, length, contentType, seen, said,
  inner = privateMessage({ session, epoch, nonce, length, contentType, seen,
    said }) }) {
  return join(u8(version), uuidBytes(session), u64(epoch), nonce, vec(inner),
    randomBytes(suites[algorithm].tag));
}

/** A proposal by value, encoded, of a type of one's own choice. */
/** Of who types, as far as a server can see it. */
export const typingNotice = (session, { epoch = session.epoch, sealed = 93, version = 1 } =
  {}) => join(u8(version), uuidBytes(session.id), u64(epoch), randomBytes(12),
  randomBytes(sealed));

export const rawProposal = (type, body = Buffer.alloc(0)) =>
  proposal(type, body);

/**
 * A departure (docs/protocol.md, "Departures"): of the leaf node `leaf` at
 * `leafIndex`, signed by the device keys of the leaf `signer`.
 */
export function departure({ session, generation = 0, leafIndex, leaf,
  signer = leafIndex, keys, heir = '', label = 'hermetic departure' }) {
  const tbs = join(u8(1), uuidBytes(session), u32(generation), u32(leafIndex),
    createHash('sha256').update(leaf).digest(), u32(signer),
    vec(Buffer.from(heir)));
  return join(tbs, vec(keys.sign(label, tbs)));
}
