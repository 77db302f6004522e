/*
 * The accounts that this device has met, each with its log as verified, and
 * whether a person has compared its fingerprint. What a name means is pinned, too:
 * a server that shows another account under a known name is told to the person,
 * and nothing changes until the person accepts it.
 *
 *   `name/NAME`            {fingerprint, other?}; `other` is what the server shows
 *   `account/FINGERPRINT`  {username, salt, links: [base64…], compared?, forked?}
 *
 * All of it inside a transaction.
 */
#ifndef HERMETIC_DEVICE_ACCOUNTS_MET_H
#define HERMETIC_DEVICE_ACCOUNTS_MET_H

#include "check/account.h"
#include "device/accounts/loaded.h"
#include "device/core.h"

struct met {
	struct loaded *known;
	struct buf salt;
	char username[DEVICE_NAME_SIZE];
	uint64_t compared; /* up to this link; 0: never */
	bool forked;	   /* its log parts, and nothing decides */
};

/* Who is meant by a name. ERR_STATE_GONE: nobody was met under it. The caller
 * frees *met, also after a failure. */
MUST_CHECK enum err met_find(struct device *d, const char *name,
			     struct met **met);
void met_free(struct met *met);

enum met_outcome {
	MET_NEW,    /* nobody was met under the name before */
	MET_KEPT,   /* what is kept is as long, or longer, or counts */
	MET_GROWN,  /* there are new links */
	MET_PARTED, /* the log parts from the one that was kept, and counts */
	MET_FORKED, /* it parts, and nothing decides: that is kept */
	MET_OTHER   /* it is another account than the name's: that is noted */
};

/* The account of a fingerprint. ERR_STATE_GONE. The caller frees *met, also after a
 * failure. */
MUST_CHECK enum err met_load(struct device *d, struct span fingerprint,
			     struct met **met);

/* Its user name, as its first link says. ERR_STATE_GONE: it is not known. */
MUST_CHECK enum err met_name(struct device *d, struct span fingerprint,
			     char name[DEVICE_NAME_SIZE]);

/* A log that is verified, of whatever account; a name and a salt that go with it
 * are taken, too, and others are not. */
MUST_CHECK enum err met_keep(struct device *d, struct span username,
			     struct span salt, struct span links);

/* A whole log that a server shows for a name. ERR_PEER_INVALID: a link is wrong,
 * or the log is another name's; then nothing has changed. */
MUST_CHECK enum err met_take(struct device *d, const char *name,
			     struct span salt, struct span links,
			     enum met_outcome *outcome);

/* Links behind those of `met`, one by one; *good: all of them are, and they are
 * kept. Otherwise nothing has changed in the store. */
MUST_CHECK enum err met_extend(struct device *d, struct met *met,
			       const struct span *links, size_t count,
			       bool *good);

/* The person says: the name is meant for this account, which the server shows.
 * ERR_STATE_GONE: there is no other one; ERR_STATE_CONFLICT: it is not this. */
MUST_CHECK enum err met_accept(struct device *d, const char *name,
			       struct span fingerprint);

/* The person has compared the fingerprint, and takes the log as it is kept: a
 * fork that was found before is lifted. */
MUST_CHECK enum err met_compare(struct device *d, struct met *met);

enum met_trust {
	MET_UNCOMPARED,
	MET_COMPARED,
	MET_CHANGED /* after it was compared, so that it has to be again */
};
enum met_trust met_trust(const struct met *met);

/* "no", "yes", "changed" */
const char *met_trust_text(enum met_trust trust);

/* Is another account shown under this name, and which one? */
MUST_CHECK enum err met_other(struct device *d, const char *name, bool *other,
			      uint8_t fingerprint[ACCOUNT_HASH]);

/* Another process, a rollback or who writes such records itself has changed them: they
 * are read again. */
void met_forget(struct device *d);

/* met_steps.c: an order that meets somebody. */
void met_end(struct meeting *meeting);

#endif
