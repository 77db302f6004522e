/*
 * An account's log (wire/account_link.h; docs/protocol.md, "Accounts"): link
 * after link is verified into a state that says which devices and keys the
 * account has, and had at each place. Server, members and the offline tool ask
 * this one function, so none of them takes what another one refuses.
 *
 * A verdict depends on the log before and on the link, on nothing else. A failure
 * leaves a log as it was. It holds public data only, 32 bytes a link and about
 * 700 a device.
 */
#ifndef HERMETIC_CHECK_ACCOUNT_H
#define HERMETIC_CHECK_ACCOUNT_H

#include "check/view.h"
#include "wire/account_link.h"

#define ACCOUNT_LINKS_MAX 16384 /* of a log */

/* What a log is pinned by: the number of a link, and its hash. */
struct account_place {
	uint64_t number; /* 0: none */
	uint8_t hash[ACCOUNT_HASH];
};

struct account_device {
	uint64_t number;  /* of the link that brought it */
	uint64_t removed; /* number of the link that ended it; 0: it stands */
	uint64_t
	    signer; /* who brought it; 0: the recovery key; its own: `begin`*/
	struct span link_key, hpke_key; /* borrowed until the log goes on */
};

struct account_log;

/* Of link keys and recovery keys: Ed25519. */
const struct suite *account_link_suite(void);

/* A log without links. */
MUST_CHECK enum err account_log_new(struct account_log **log);
MUST_CHECK enum err account_log_copy(const struct account_log *log,
				     struct account_log **copy);
void account_log_free(struct account_log *log);

/* How much memory it takes. */
size_t account_log_bytes(const struct account_log *log);

/*
 * The next link, exactly by the rules:
 *
 * - Its number is the next one, and it names the hash of the one before. The
 *   first is `begin`, and no other one is. Nothing comes after `close`.
 * - Its signer is a device that stands, or the recovery key that stands; of
 *   `begin` the device in it (1). The recovery key signs no `keys`.
 * - No key comes that ever stood in the log, in whatever part. Each new key that
 *   can sign has signed. A device has one signature key of a scheme.
 * - `remove` removes devices that stand; without a recovery key one stays.
 * - `keys` adds a key, or withdraws a link; nothing withdraws a link of this log.
 * - The limits of wire/account_link.h, and ACCOUNT_LINKS_MAX.
 *
 * `denied`: the signer may not do that; otherwise the link is broken.
 */
struct check_verdict account_log_add(struct account_log *log, struct span link);

/* What that would say; the log stays as it is. */
struct check_verdict account_log_judge(const struct account_log *log,
				       struct span link);

/* Of one more than one link, opaque link<V> each: stops at the first that is
 * wrong; then the log has those before it, as account_log_place() says. */
struct check_verdict account_log_add_all(struct account_log *log,
					 struct span links);

/* The same for links that the caller has verified before, and kept: their
 * signatures are not looked at. */
struct check_verdict account_log_load(struct account_log *log,
				      struct span links);

/* ---- what it says ---- */

/* Where the log ends. */
void account_log_place(const struct account_log *log,
		       struct account_place *place);

/* Whether the log has that link at that place. */
bool account_log_has(const struct account_log *log,
		     const struct account_place *place);

/* The hash of the link of that number, ACCOUNT_HASH bytes; borrowed until the log
 * goes on. Empty: it has none. */
struct span account_log_hash(const struct account_log *log, uint64_t number);

/* ACCOUNT_HASH bytes, empty without a `begin`. */
struct span account_log_fingerprint(const struct account_log *log);

/* The account is that user name's, which is one (base/text.h), by the salt (ACCOUNT_HASH bytes) that stands
 * beside the log. */
bool account_log_is_named(const struct account_log *log, struct span salt,
			  struct span name);

/* The recovery key that stands; empty: none does. */
struct span account_log_recovery(const struct account_log *log);

/* The number of the last link after which who had compared the fingerprint has
 * to do it again: a recovery key replaced without the old one's signature, or a
 * device that came by the recovery key. 0: none. */
uint64_t account_log_changed(const struct account_log *log);

/* The number of `close`; 0: the account is open. */
uint64_t account_log_closed(const struct account_log *log);

/* The devices that stand now. */
size_t account_log_standing(const struct account_log *log);

/* The device at *position >= 0 in order of number, those that were removed, too;
 * moves *position past it. False at the end. */
bool account_log_next_device(const struct account_log *log, size_t *position,
			     struct account_device *device);

/* The device of that number. */
bool account_log_device(const struct account_log *log, uint64_t number,
			struct account_device *device);

/* The device's signature key of a scheme (crypto/suite.h), empty: none. */
struct span account_log_signature_key(const struct account_log *log,
				      uint64_t device, uint16_t scheme);

/* ---- a leaf's key ---- */

enum account_validity {
	ACCOUNT_VALID,
	ACCOUNT_UNKNOWN,  /* no device of the account ever had it */
	ACCOUNT_LATER,	  /* a link after the place brought it */
	ACCOUNT_ENDED,	  /* a link up to the place removed the device */
	ACCOUNT_ELSEWHERE /* the log does not have that place */
};

/* Whether a signature key is a device's of the account at a place of its log:
 * what later links say does not count. `device` (may be NULL) is whose it is,
 * unless it is unknown or elsewhere. */
enum account_validity account_key_valid(const struct account_log *log,
					uint16_t scheme, struct span key,
					const struct account_place *place,
					uint64_t *device);

/* ---- two logs of one account ---- */

enum account_order {
	ACCOUNT_SAME,
	ACCOUNT_FIRST_LONGER, /* it goes on where the other one ends */
	ACCOUNT_SECOND_LONGER,
	ACCOUNT_FIRST, /* they part, and the first counts */
	ACCOUNT_SECOND,
	ACCOUNT_FORK,  /* they part, and nothing decides */
	ACCOUNT_OTHERS /* they begin apart: two accounts */
};

/*
 * Which of two logs counts that both go on from `before` (which may have no
 * links): opaque link<V> each. Where they part,
 *
 * 1. one with a link that is signed by the recovery key that stood there counts
 *    before one without;
 * 2. one does not count whose first link is withdrawn by its own signer in the
 *    other one, unless it removes that signer;
 * 3. one does not count whose first link is by a device that the other removes;
 *
 * each only if it is so one way and not the other; else it is a fork. `wrong`: a
 * link of one of them is.
 */
struct check_verdict account_log_compare(const struct account_log *before,
					 struct span first, struct span second,
					 enum account_order *order);

/* How many links two logs share, from their first ones on, and the links of a log behind
 * the first `count`, none where it has no more: opaque link<V> each. */
uint64_t account_links_shared(struct span first, struct span second);
struct span account_links_behind(struct span links, uint64_t count);

/* Whether the link of that place (number 1 at least) is among the first links of a log. */
bool account_links_have(struct span links, const struct account_place *place);

/* ---- hashes ---- */

MUST_CHECK enum err account_link_hash(struct span link,
				      uint8_t hash[ACCOUNT_HASH]);
MUST_CHECK enum err account_name_hash(struct span salt, struct span name,
				      uint8_t hash[ACCOUNT_HASH]);

#endif
