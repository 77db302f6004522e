/*
 * The logs of the accounts in this device's sessions: what its store has of them
 * (device/accounts/met.h, device/accounts/own_log.h), as judgements take it (check/accounts.h), and
 * the step that asks the server for those that are lacking, many at once.
 */
#ifndef HERMETIC_DEVICE_ACCOUNTS_ACCOUNTS_H
#define HERMETIC_DEVICE_ACCOUNTS_ACCOUNTS_H

#include "device/core.h"

struct account_reading;

/* For device_open(): by what d's sessions are judged. */
MUST_CHECK enum err accounts_open(struct device *d);

/* Links that came with a commit which counts are stored. Inside a transaction. */
MUST_CHECK enum err accounts_keep(struct device *d);

/* All that an order has found is looked for again. */
void accounts_forget(struct device *d);

/* Another process, or a rollback, has changed the store: the logs are read again. */
void accounts_reload(struct device *d);

/* The account of a user name, or of a fingerprint in hexadecimal, is to be read
 * from the server. False: it was in this order already. */
MUST_CHECK enum err accounts_want(struct device *d, const char *account,
				  bool *news);

/* The same by its fingerprint, and for all that the last judgement lacked. */
MUST_CHECK enum err accounts_want_account(struct device *d,
					  struct span fingerprint, bool *news);
MUST_CHECK enum err accounts_want_lacking(struct device *d, bool *news);

/* The same for the account of a member, or of a user as leaves name it, whose name is
 * not known; and for all members of the session that is loaded, and whom its group
 * invites. */
MUST_CHECK enum err accounts_want_name(struct device *d, struct span identity);
MUST_CHECK enum err accounts_want_names(struct device *d);

/* The same for the account of another one's leaf that departs, however much of it is
 * known: it may be closed. */
MUST_CHECK enum err accounts_want_again(struct device *d, struct span identity);

/* Some are to be read. */
bool accounts_are_wanted(const struct device *d);

/* For work.c. */
void account_reading_free(struct account_reading *reading);

/* This device in its account's log: its identity in sessions with places
 * (wire/places.h). Empty: it does not stand there. Inside a transaction. */
MUST_CHECK enum err accounts_own(struct device *d, const char **identity);

/*
 * A KeyPackage of a device of `username`: is its leaf that account's device, which
 * stands by the log that is known here? *places: it names an account at all; one of
 * before does not, and is taken where its key stands there, or no log is known.
 * ERR_PEER_INVALID, and d->work.why: it is nobody's of that account. Inside a
 * transaction.
 */
MUST_CHECK enum err accounts_check_leaf(struct device *d, const char *username,
					const struct suite *suite,
					struct span identity,
					struct span signature_key,
					bool *places);

#endif
