// The bytes of MLS (RFC 9420) as far as a server can read them: signatures
// are real, what is sealed is random. An independent encoder, by hand, that
// can also write what a good client never would.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export const suites = {
  'chacha20-poly1305': { id: 3, curve: 'ed25519', kem: 32, tag: 32 },
  'aes-256-gcm': { id: 4, curve: 'ed448', kem: 56, tag: 64 },
  'twofish-256-gcm': { id: 0xf7f1, curve: 'ed25519', kem: 32, tag: 32 },
};

// --- encoding (RFC 8446 section 3, RFC 9420 section 2.1) --------------------

const u8 = n => Buffer.from([n]);
const u16 = n => { const b = Buffer.alloc(2); b.writeUInt16BE(n); return b; };
const u32 = n => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const u64 = n => {
  const b = Buffer.alloc(8);
  b.writeBigUInt64BE(BigInt(n));
  return b;
};
const join = (...parts) => Buffer.concat(parts);

function vec(...parts) {
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

  leaf({ source, identity = this.identity, suites: offered = [3, 4, 0xf7f1],
    notBefore = 0, notAfter = Math.floor(Date.now() / 1000) + 86400,
    context = Buffer.alloc(0) }) {
    const tbs = join(vec(randomBytes(this.suite.kem)), vec(this.publicKey),
      u16(1), vec(Buffer.from(identity)),
      vec(u16(1)), vec(...offered.map(u16)), vec(), vec(), vec(u16(1)),
      u8(source),
      source === 1 ? join(u64(notBefore), u64(notAfter))
        : source === 3 ? vec() : Buffer.alloc(0),
      vec());
    return join(tbs, vec(this.sign('LeafNodeTBS', join(tbs, context))));
  }

  /** A KeyPackage, without an MLSMessage around it. */
  keyPackage({ suite = this.suite.id, ...leaf } = {}) {
    const tbs = join(u16(1), u16(suite), vec(randomBytes(this.suite.kem)),
      this.leaf({ source: 1, ...leaf }), vec());
    return join(tbs, vec(this.sign('KeyPackageTBS', tbs)));
  }
}

// --- messages ------------------------------------------------------------------

export function groupInfo({ session, algorithm, epoch, signer = 0 }) {
  const { id, tag } = suites[algorithm];
  return message(4, join(u16(1), u16(id), vec(uuidBytes(session)), u64(epoch),
    vec(randomBytes(tag)), vec(randomBytes(tag)), vec(),
    vec(), vec(randomBytes(tag)), u32(signer), vec(randomBytes(64))));
}

const proposal = (type, body) => join(u8(1), u16(type), body);

/**
 * A PublicMessage with a Commit. `add`: KeyPackages; `remove`: leaf indices;
 * `byReference`: ProposalRefs; `raw`: encoded ProposalOrRefs.
 */
export function commit({ session, epoch, leafIndex, keys, external = false,
  add = [], remove = [], byReference = [], raw = [], path = true,
  identity }) {
  const group = uuidBytes(session);
  const proposals = [
    ...remove.map(leaf => proposal(3, u32(leaf))),
    ...add.map(keyPackage => proposal(1, keyPackage)),
    ...byReference.map(ref => join(u8(2), vec(ref))),
    ...external ? [proposal(6, vec(randomBytes(keys.suite.kem)))] : [],
    ...raw,
  ];
  const update = path ? join(u8(1), keys.leaf({ source: 3, identity,
    context: join(vec(group), u32(leafIndex ?? 0)) }), vec()) : u8(0);
  const content = join(vec(group), u64(epoch),
    external ? u8(4) : join(u8(1), u32(leafIndex)), vec(),
    u8(3), vec(...proposals), update);
  return message(1, join(content,
    vec(keys.sign('FramedContentTBS', content)),
    vec(randomBytes(keys.suite.tag)),
    external ? Buffer.alloc(0) : vec(randomBytes(keys.suite.tag))));
}

export function privateMessage({ session, epoch, contentType = 1,
  length = 80 }) {
  return message(2, join(vec(uuidBytes(session)), u64(epoch), u8(contentType),
    vec(), vec(randomBytes(28)), vec(randomBytes(length))));
}

/** 6 bytes of Unix milliseconds, 10 random. */
export function newNonce(at = Date.now()) {
  return join(u64(at).subarray(2), randomBytes(10));
}

/** docs/protocol.md, "Envelope". */
export function envelope({ session, algorithm, epoch, nonce = newNonce(),
  version = 1, inner = privateMessage({ session, epoch }),
  length, contentType }) {
  if (length !== undefined || contentType !== undefined)
    inner = privateMessage({ session, epoch, length, contentType });
  return join(u8(version), uuidBytes(session), u64(epoch), nonce, vec(inner),
    randomBytes(suites[algorithm].tag));
}

/** A proposal by value, encoded, of a type of one's own choice. */
export const rawProposal = (type, body = Buffer.alloc(0)) =>
  proposal(type, body);
