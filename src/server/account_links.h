/*
 * A verified link goes behind its account's log, and does to the account's devices
 * what it says (sql/functions/take_account_link.sql): an `add` approves the device that
 * asked with that entry, a `remove` ends devices.
 */
#ifndef HERMETIC_SERVER_ACCOUNT_LINKS_H
#define HERMETIC_SERVER_ACCOUNT_LINKS_H

#include "check/account.h"
#include "server/edge/request.h"
#include "store/store.h"

struct new_link {
	/* Whose name the first link takes; NULL with any other link. */
	const struct uuid *user;
	/* That posts it; NULL where a commit brings the link. */
	const struct uuid *device;
	struct span salt; /* with the first link; otherwise empty */
	bool anew;	  /* the name is to be this log's from now on */

	struct span bytes;	  /* of the link */
	struct account_link link; /* the same, decoded */
	struct digest hash;
	struct digest fingerprint; /* of the log */
};

/* Counts what goes into a log, which cannot be emptied. To be asked once it was verified, or
 * strangers could use up what the account's devices may post. False: it was too often, and
 * the request is answered. */
bool account_links_allowed(struct request *req, struct digest fingerprint);

/* `done` is called once with the rows of STATEMENT_ACCOUNT_LINK_TAKE, after the call.
 * An error: it is not called. */
MUST_CHECK enum err account_links_append(const struct new_link *link,
					 connection_done *done, void *arg);

/* Links that part from the log as it stands, were verified, and count before it
 * (sql/functions/take_account_branch.sql). */
struct new_branch {
	const struct account_log *log; /* to its end */
	struct span links;	       /* of it, from `first` on */
	uint64_t first;
	struct digest last; /* hash of the last link that stands */
};

/* The same, with the rows of STATEMENT_ACCOUNT_BRANCH_TAKE. Nothing is borrowed
 * afterwards. */
MUST_CHECK enum err account_links_take_branch(const struct new_branch *branch,
					      connection_done *done, void *arg);

/* Answers {"number":…,"hash":…}: where the log ends with what was posted. */
void account_links_answer(struct request *req, int status, uint64_t number,
			  struct digest hash);

#endif
