/* What an account's log is made of: internal to src/check/account*.c. */
#ifndef HERMETIC_CHECK_ACCOUNT_STATE_H
#define HERMETIC_CHECK_ACCOUNT_STATE_H

#include "check/account.h"

/* A key that stood in the log. */
struct account_key {
	uint64_t device; /* 0: a recovery key */
	uint64_t from;	 /* the link that brought it */
	uint16_t scheme; /* 0: a link, HPKE or recovery key */
	uint8_t n;
	uint8_t bytes[ACCOUNT_SIGNATURE_KEY_MAX];
	uint32_t hash; /* the start of its SHA-256 */
};

struct account_member {
	uint64_t number, removed, signer;
	uint32_t link_key; /* of `keys`; its HPKE key is the next one */
	uint32_t key_count;
	uint32_t keys[ACCOUNT_SIGNATURE_KEYS_MAX];
};

struct account_log {
	uint8_t name[ACCOUNT_HASH];
	uint8_t (*hashes)[ACCOUNT_HASH]; /* of the links */
	size_t count, hash_room;
	struct account_member *devices; /* by number */
	size_t device_count, device_room;
	struct account_key *keys;
	size_t key_count, key_room;
	uint32_t *slots;   /* of a hash table over keys: index + 1, 0: free */
	size_t slot_count; /* a power of two, or 0 */
	size_t standing;   /* devices */
	uint32_t recovery; /* index of keys + 1; 0: none */
	uint64_t changed, closed;
};

/* The keys that a link brings: a recovery key, then a device's. */
struct account_news {
	size_t count;
	struct {
		uint16_t scheme;
		uint32_t hash;
		struct span bytes;
	} keys[ACCOUNT_SIGNATURE_KEYS_MAX + 3];
};

MUST_CHECK enum err account_state_news(const struct account_link *link,
				       struct account_news *news);

/* The key's index + 1; 0: it never stood there. */
uint32_t account_state_find(const struct account_log *log, struct span key,
			    uint32_t hash);

struct account_member *account_state_device(const struct account_log *log,
					    uint64_t number);

/* The key whose index is that. */
struct span account_state_key(const struct account_log *log, uint32_t index);

/* A link that was judged is in the log afterwards, or nothing has changed:
 * ERR_LOCAL_MEMORY, ERR_LOCAL_CRYPTO. */
MUST_CHECK enum err account_state_apply(struct account_log *log,
					const struct account_link *link,
					const struct account_news *news);

#endif
