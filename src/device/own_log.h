/*
 * The log of this device's own account (check/account.h), as the device keeps
 * it: what it has verified, and a link that it has made and that is not seen in
 * the log yet. A link is stored before it is posted, and posted again as it is.
 *
 *   `log/own`   {salt, links: [base64…], pending?}
 *   `log/keys`  the device's link, HPKE and signature keys (account_keys_save())
 */
#ifndef HERMETIC_DEVICE_OWN_LOG_H
#define HERMETIC_DEVICE_OWN_LOG_H

#include "check/account.h"
#include "device/core.h"

struct own_log {
	struct account_log *log; /* what is verified */
	struct buf links;	 /* the same, opaque link<V> each */
	struct buf salt;	 /* that stands beside it */
	struct buf pending;	 /* empty: none */
	uint64_t server_last;	 /* the last number that the server has */
	uint64_t server_most;	 /* that it had in this order */
};

/* The caller frees *own, also after a failure; one that is not stored yet is
 * empty. Inside a transaction. */
MUST_CHECK enum err own_log_load(struct device *d, struct own_log **own);
void own_log_free(struct own_log *own);

/* Inside a transaction. */
MUST_CHECK enum err own_log_save(struct device *d, const struct own_log *own);

/* Makes the keys and the first link, which is pending and stored then, signed by
 * the signature keys that this device has in its leaves: whoever holds those takes
 * the account to be theirs. Inside a transaction. */
MUST_CHECK enum err own_log_begin(struct device *d, struct own_log *own);

/* Links that the server has from the last one on, which is the first of them.
 * ERR_PEER_FORK: it is another one, or they do not go on from it; without any
 * link that is known, the first is not the one that this device made.
 * ERR_STATE_GONE: the account has a log that this device has no part in. The log
 * is as it was then, or goes on. */
MUST_CHECK enum err own_log_take(struct own_log *own, const struct span *links,
				 size_t count);

/* What the server has to be given: the pending link, or one of the log that it has
 * lost; empty: nothing. *salt is empty but for the first one. Borrowed. */
struct span own_log_to_post(const struct own_log *own, struct span *salt);

#endif
