/*
 * An account's log as it was loaded from a record: its links, and what they come to.
 * To load one is work that grows with all its links, so that what is loaded is shared
 * by all who read it, over transactions too (own_log.h, met.h), and copied only by who
 * changes it.
 */
#ifndef HERMETIC_DEVICE_ACCOUNTS_LOADED_H
#define HERMETIC_DEVICE_ACCOUNTS_LOADED_H

#include "base/buf.h"
#include "check/account.h"
#include "device/ports.h"

#define LOADED_PIECE 64

struct loaded {
	struct account_log *log;
	struct buf links; /* of it, opaque link<V> each */
	size_t holders;	  /* loaded.c only */
};

/* One without links. */
MUST_CHECK enum err loaded_new(struct loaded **loaded);

/* Links that were verified before. ERR_PEER_MALFORMED: they are no log. */
MUST_CHECK enum err loaded_links(struct span links, struct loaded **loaded);

/*
 * In a store: records `NAME/0`, `NAME/1` …, each of LOADED_PIECE links and the last one
 * of the rest, so that what a link adds is written, and not the whole.
 *
 * The first `count` links; ERR_PEER_MALFORMED: they are no log.
 */
MUST_CHECK enum err loaded_get(const struct device_store *store,
			       const char *name, uint64_t count,
			       struct loaded **loaded);
/* `stored`: what the records are now, or NULL: that is not known. */
MUST_CHECK enum err loaded_put(const struct device_store *store,
			       const char *name, const struct loaded *stored,
			       const struct loaded *loaded);

/* Another holder, who frees it as well. */
struct loaded *loaded_share(struct loaded *loaded);
void loaded_free(struct loaded *loaded); /* NULL is fine */

/* A link behind the others, for this holder alone. Where it is wrong, or after a
 * failure, there are the same links as before. */
struct check_verdict loaded_add(struct loaded **loaded, struct span link);

/* The same for links that were verified before. After a failure it is to be freed. */
struct check_verdict loaded_add_known(struct loaded **loaded,
				      struct span links);

#endif
