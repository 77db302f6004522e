/* An account for tests: its devices' keys, its recovery keys, and its log as it
 * grows. All of these fail the test on an error. */
#ifndef HERMETIC_TESTS_ACCOUNTS_H
#define HERMETIC_TESTS_ACCOUNTS_H

#include "session/account_sign.h"

#define HOUSE_DEVICES 128
#define HOUSE_RECOVERIES 4

struct house {
	struct account_log *log;
	struct buf links; /* opaque link<V> each */
	uint8_t salt[ACCOUNT_HASH], name[ACCOUNT_HASH];
	struct account_keys keys[HOUSE_DEVICES];
	uint64_t number[HOUSE_DEVICES]; /* 0: not in the log */
	struct account_pair recovery[HOUSE_RECOVERIES];
	struct account_pair pair; /* of the last house_keys() */
};

/* An account named "alice" whose first device is keys[0]; with recovery[0], if
 * that is asked for. */
void house_init(struct house *h, bool recovery);
/* The same without a link. */
void house_init_empty(struct house *h);
void house_free(struct house *h);
/* The same in memory of its own, to be freed with house_delete(). */
struct house *house_new(bool recovery);
struct house *house_new_empty(void);
void house_delete(struct house *h);

/* A log that goes on where that one is now, with the same keys. Only its log and
 * links are its own: free it with house_end_branch(). */
struct house house_branch(const struct house *h);
void house_end_branch(struct house *h);

/* Makes keys[who], with an Ed25519 and an Ed448 key; recovery[which]. */
void house_make(struct house *h, int who);
void house_make_recovery(struct house *h, int which);

/* Who signs: a device, or with HOUSE_RECOVERY + i recovery[i]. */
#define HOUSE_RECOVERY 1000
struct account_signer house_signer(const struct house *h, int by);

/* Links that are taken; each makes what it needs. */
void house_add(struct house *h, int by, int who);
void house_remove(struct house *h, int by, int who);
void house_remove_two(struct house *h, int by, int one, int two);
void house_keys(struct house *h, int by); /* P-256 */
void house_recover(struct house *h, int by, int which);
void house_close(struct house *h, int by);
void house_withdraw(struct house *h, int by, struct span hash);

/* The same links, not added. Appended to `link`. */
void house_put_add(const struct house *h, int by, int who, struct buf *link);

/* Adds a link to log and links, which takes it. */
void house_take(struct house *h, struct span link);
/* Refused for that reason, and the log is as it was. */
void house_refuse(struct house *h, struct span link, const char *wrong);

/* The link of that number, from `links`. */
struct span house_link(const struct house *h, uint64_t number);
void house_hash(const struct house *h, uint64_t number,
		uint8_t hash[ACCOUNT_HASH]);

/* A decoded link, changed by the caller, signed again by `by`. */
void house_sign(const struct house *h, int by, const struct account_link *link,
		struct buf *out);

/* The link of that number, decoded, to be changed and signed again; it borrows from
 * `links`. */
struct account_link house_decode(const struct house *h, uint64_t number);
/* The next link of that kind by `by`, with nothing in it; it borrows from `place`, which
 * is where the log is. */
struct account_link house_next(const struct house *h, int by, uint8_t kind,
			       struct account_place *place);
/* Signed by `by` as it is, and refused for that reason. */
void house_refuse_signed(struct house *h, int by,
			 const struct account_link *link, const char *wrong);

struct account_place house_place(const struct house *h);

#endif
