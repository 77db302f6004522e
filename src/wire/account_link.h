/*
 * A link of an account's log (docs/protocol.md, "Accounts"): what an account
 * says of its devices and keys, signed by a device that the log before it has,
 * or by the recovery key.
 *
 *   struct {
 *     uint8   version = 1;
 *     uint64  number;             1: `begin`
 *     opaque  before[32];         hash of the link before; zeros in `begin`
 *     uint8   kind;
 *     opaque  body<V>;            by kind
 *     opaque  withdrawn<V>;       hash[32] each, ascending
 *     uint64  signer;             a device; 0: the recovery key
 *     opaque  signature[64];      SignWithLabel, ACCOUNT_LINK_LABEL, of all
 *                                 before
 *   } AccountLink;
 *
 *   struct { uint16 scheme; opaque key<V>; } AccountKey;     TLS SignatureScheme
 *   struct {
 *     opaque      link_key[32];   Ed25519
 *     opaque      hpke_key[32];   X25519
 *     AccountKey  keys<V>;        by scheme, ascending
 *     opaque      signatures<V>;  opaque signature<V> by link_key, then by each
 *   } AccountDevice;              of `keys`, ACCOUNT_DEVICE_LABEL
 *   struct { opaque key[32]; opaque signature[64]; } AccountRecovery;
 *                                 Ed25519, by itself, ACCOUNT_RECOVERY_LABEL
 *
 *   begin    opaque name[32]; optional<AccountRecovery>; AccountDevice
 *   add      AccountDevice
 *   remove   uint64 devices<V>, ascending
 *   keys     AccountKey keys<V>, opaque signatures<V> by each: of the signer
 *   recover  AccountRecovery
 *   close    nothing
 *
 * A device has the number of the link that brought it. The hash of a link is
 * SHA-256(ACCOUNT_HASH_LABEL || link); that of `begin` is the account's
 * fingerprint. `name` is SHA-256(ACCOUNT_NAME_LABEL || salt[32] || user name).
 *
 * What a new key signs, besides the link's signer:
 *   uint8 version || uint8 kind || opaque context[32] || part
 * with `name` of `begin` and the fingerprint otherwise as context, and as part
 * the fields of AccountDevice before its signatures; of `keys` the signer
 * (uint64) and keys<V>; of a recovery key the key.
 */
#ifndef HERMETIC_WIRE_ACCOUNT_LINK_H
#define HERMETIC_WIRE_ACCOUNT_LINK_H

#include "base/buf.h"
#include "base/rd.h"

#define ACCOUNT_LINK_LABEL "hermetic account link"
#define ACCOUNT_DEVICE_LABEL "hermetic account device"
#define ACCOUNT_RECOVERY_LABEL "hermetic account recovery"
#define ACCOUNT_HASH_LABEL "hermetic account 1"
#define ACCOUNT_NAME_LABEL "hermetic account name 1"

#define ACCOUNT_HASH 32	     /* bytes: of a link's hash, a name's, a salt */
#define ACCOUNT_KEY 32	     /* bytes: Ed25519 and X25519 */
#define ACCOUNT_SIGNATURE 64 /* bytes: Ed25519 */
#define ACCOUNT_LINK_MAX 4096
#define ACCOUNT_SIGNATURE_KEYS_MAX 8	 /* of a device */
#define ACCOUNT_SIGNATURE_KEY_MAX 133	 /* bytes: P-521 */
#define ACCOUNT_COUNTERSIGNATURE_MAX 255 /* bytes */
#define ACCOUNT_DEVICES_MAX 64		 /* at a time; in one `remove` */
#define ACCOUNT_WITHDRAWN_MAX 16	 /* in one link */

enum account_kind {
	ACCOUNT_BEGIN = 1,
	ACCOUNT_ADD = 2,
	ACCOUNT_REMOVE = 3,
	ACCOUNT_KEYS = 4,
	ACCOUNT_ARCHIVE = 5, /* reserved for keys of history; does not decode */
	ACCOUNT_RECOVER = 6,
	ACCOUNT_CLOSE = 7
};

#define ACCOUNT_RECOVERY_SIGNER 0 /* no device has that number */

struct account_entry {
	struct span link_key;
	struct span hpke_key;
	struct span keys;	 /* content: AccountKey each */
	struct span signatures;	 /* content: opaque signature<V> each */
	struct span signed_part; /* decoded ones only: the fields before them */
};

struct account_recovery {
	struct span key;
	struct span signature;
};

struct account_link {
	struct span encoded;	   /* decoded ones only */
	struct span unsigned_part; /* decoded ones only: what is signed */
	uint64_t number;
	struct span before;
	uint8_t kind;
	struct span withdrawn; /* content */
	uint64_t signer;
	struct span signature;

	/* by kind, empty otherwise */
	struct span name;		  /* begin */
	bool has_recovery;		  /* begin, recover */
	struct account_recovery recovery; /* begin, recover */
	struct account_entry device;	  /* begin, add; keys: two fields */
	struct span removed;		  /* remove; content */
};

/* Appends what is signed: all fields before the signature. */
void account_link_put_tbs(struct buf *b, const struct account_link *link);

/* Appends the whole, with link->signature. */
void account_link_put(struct buf *b, const struct account_link *link);

/* The link borrows from `bytes`, and everything in it is within the limits and
 * in order; keys and signatures are not looked at. ERR_PEER_UNSUPPORTED for
 * another version or kind, ERR_PEER_TOO_LARGE for what is above a limit,
 * ERR_PEER_MALFORMED otherwise. */
MUST_CHECK enum err account_link_decode(struct span bytes,
					struct account_link *link);

/* Appends what a new key signs. `part` as above, e.g. entry.signed_part. */
void account_link_put_context(struct buf *b, uint8_t kind, struct span context,
			      struct span part);

/* Appends that part of a device's entry, and of `keys`. */
void account_link_put_entry(struct buf *b, const struct account_entry *entry);
void account_link_put_keys(struct buf *b, uint64_t device, struct span keys);

/* Appends an AccountDevice. */
void account_link_put_device(struct buf *b, const struct account_entry *entry);

/* Appends an AccountKey. */
void account_link_put_key(struct buf *b, uint16_t scheme, struct span key);

/* The next element of a decoded link's content, taken off its front; false at
 * the end. */
bool account_link_next_key(struct span *keys, uint16_t *scheme,
			   struct span *key);
bool account_link_next_signature(struct span *signatures,
				 struct span *signature);
bool account_link_next_device(struct span *devices, uint64_t *device);
bool account_link_next_hash(struct span *hashes, struct span *hash);

/* An AccountDevice by itself, in order and within the limits; errors as of
 * account_link_decode(). */
MUST_CHECK enum err account_link_decode_device(struct span bytes,
					       struct account_entry *entry);

/* "begin" and so on; "unknown". */
const char *account_link_kind(uint8_t kind);

#endif
