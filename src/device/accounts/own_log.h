/*
 * The log of this device's own account (check/account.h), as the device keeps
 * it: what it has verified, and a link that it has made and that is not seen in
 * the log yet. A link is stored before it is posted, and posted again as it is.
 *
 *   `log/own`   {salt, count, pending?, anew?, wish?, withdrawn?}; before they stood
 *               in pieces: links: [base64…] in the place of the count
 *   `log/own/N` the links (loaded.h)
 *   `log/keys`  the device's link, HPKE and signature keys (account_keys_save())
 */
#ifndef HERMETIC_DEVICE_ACCOUNTS_OWN_LOG_H
#define HERMETIC_DEVICE_ACCOUNTS_OWN_LOG_H

#include "check/account.h"
#include "device/accounts/loaded.h"
#include "device/core.h"
#include "session/account_sign.h"

struct own_log {
	struct loaded *known; /* what is verified */
	bool in_pieces;	      /* these are what the records `log/own/N` have */
	struct buf salt;      /* that stands beside it */
	struct buf pending;   /* empty: none */
	bool anew;	      /* the first link takes the name over */
	json_t *wish; /* what `pending` is to do (own_wish.c), or NULL */
	struct buf withdrawn; /* links of ours that lost their number: hashes */
	uint64_t server_last; /* the last number that the server has */
	uint64_t server_most; /* that it had in this order */
	/* own_branch.c, in this order: the server shows another branch */
	bool parted;	  /* it is read from its first link on */
	struct buf shown; /* so far, as `links` */
	uint64_t shown_count;
	struct buf branch; /* what the server is to put in place of that one */
};

/* The caller frees *own, also after a failure; one that is not stored yet is
 * empty. Inside a transaction. */
MUST_CHECK enum err own_log_load(struct device *d, struct own_log **own);
void own_log_free(struct own_log *own);

/* The same for a change without an order: it begins the transaction, which the caller
 * ends, also after a failure. ERR_STATE_PENDING: an order runs. */
MUST_CHECK enum err own_log_open(struct device *d, struct own_log **own);

/* Another process, or a rollback, has changed the record: it is read again. */
void own_log_forget(struct device *d);

/* One without links. */
MUST_CHECK enum err own_log_new(struct own_log **own);

/* The link of that number, which is there. Borrowed. */
struct span own_log_link(const struct own_log *own, uint64_t number);

/* Inside a transaction. */
MUST_CHECK enum err own_log_save(struct device *d, const struct own_log *own);

/* This device's number in its account's log; 0: it does not stand there. *keys: its
 * own, which the caller clears, also after a failure. */
MUST_CHECK enum err own_log_me(struct device *d, const struct own_log *own,
			       struct account_keys *keys, uint64_t *number);

/* The keys that this device has in its account, made when they are first needed. The
 * caller clears them, also after a failure. Inside a transaction. */
MUST_CHECK enum err own_log_keys(struct device *d, struct account_keys *keys);

/* A log that a server shows, all of it, becomes this device's own. ERR_PEER_INVALID: a
 * link is wrong, or it is another name's. The log is as it was then. */
MUST_CHECK enum err own_log_adopt(struct device *d, struct own_log *own,
				  struct span salt, const struct span *links,
				  size_t count);

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

/*
 * own_wish.c: what the next link is to do: {kind: "add", entry}, {kind: "remove",
 * devices}, {kind: "recover", recovery} or {kind: "close"}. Signed by this device, and
 * stored as the pending link. When another link takes the number, it is made again, and
 * names the one that lost as withdrawn. ERR_STATE_PENDING: another link is pending;
 * ERR_PEER_DENIED: this device does not stand in the log; ERR_PEER_INVALID: the log
 * does not take it. Inside a transaction.
 */
MUST_CHECK enum err own_wish_make(struct device *d, struct own_log *own,
				  json_t *wish);

/* The pending link lost its number. */
bool own_wish_is_lost(const struct own_log *own);
MUST_CHECK enum err own_wish_renew(struct device *d, struct own_log *own);

/*
 * own_branch.c: the whole log that somebody shows, opaque link<V> each, where it parts
 * from this one. What counts before this log takes its place, and this one is kept as a
 * branch (branches.h). Where nothing decides, and this device began the part that is
 * only here, it goes over as well, and its next link withdraws the first one of that
 * part: after a failover another device was first. ACCOUNT_FORK in *order: nothing is
 * changed. ERR_PEER_INVALID: a link is wrong. Inside a transaction.
 */
MUST_CHECK enum err own_branch_take(struct device *d, struct own_log *own,
				    struct span shown,
				    enum account_order *order);

/* A recovery key that stood once in the log. */
struct own_stood {
	uint64_t
	    number; /* of the last link at which it stood; 0: nowhere, or it stands */
	uint64_t signer; /* of the next one, which replaced it */
};
MUST_CHECK enum err own_branch_stood(const struct own_log *own, struct span key,
				     struct own_stood *stood);

/* ERR_PEER_INVALID, with the reason in `why`: it has signed itself that another one takes
 * its place, so nothing is left for it to do. */
MUST_CHECK enum err own_branch_may_recover(const struct own_stood *stood,
					   struct why *why);

/*
 * The recovery key stood once in the log that a server shows, and was replaced by a device
 * without its signature. A branch from where it stood last is this device's log afterwards:
 * `add`, which brings this device's entry, and a `remove` of that device. Inside a
 * transaction.
 */
MUST_CHECK enum err own_branch_recover(struct device *d, struct own_log *own,
				       const struct account_pair *recovery,
				       const struct own_stood *stood,
				       struct span entry);

/* What the server has to be given: the pending link, or one of the log that it has
 * lost; empty: nothing. *salt is empty but for the first one. Borrowed. */
struct span own_log_to_post(const struct own_log *own, struct span *salt);

#endif
