/*
 * A member of the adversary's: an MLS client under any name, with keys that
 * the adversary made. It joins by Welcome or from outside, makes groups that
 * never were, follows the log of a server, opens what it can and says what no
 * honest device would say.
 */
#ifndef HERMETIC_TESTS_SIM_GHOST_H
#define HERMETIC_TESTS_SIM_GHOST_H

#include "mls/group.h"
#include "session/account_sign.h"
#include "tests/sim/server.h"

enum { GHOST_PACKAGES = 8 };

struct ghost_package {
	struct buf bytes;
	struct mls_key_package_secrets secrets;
};

struct ghost {
	char identity[SIM_IDENTITY];
	struct mls_identity me;
	struct sec private_key;
	struct buf public_key;
	struct account_keys keys; /* of its account; none: it has none */
	struct chance chance;
	struct rng rng;
	struct ghost_package packages[GHOST_PACKAGES];
	size_t package_count;
	struct mls_group *group; /* NULL: in none */
	char session[TEXT_UUID_SIZE];
	uint8_t session_id[DEVICE_ID];
	uint64_t seq;	/* read so far */
	size_t home;	/* the server whose log it follows */
	size_t account; /* its device at the servers */
};

void ghost_init(struct ghost *ghost, const char *identity, uint64_t seed,
		uint64_t now_ms);
void ghost_clear(struct ghost *ghost);

/* ghost_account.c: an account of its own, with its key; it is called by it then.
 * Appends the first link. */
void ghost_begin_account(struct ghost *ghost, const char *user,
			 struct buf *link, uint8_t salt[ACCOUNT_HASH]);

/* Another link of that account, at this server alone: with another server's link of
 * that number there are two branches. */
void ghost_add_link(struct ghost *ghost, struct server *server);

/* What goes with its external commit into a group with these extensions; nothing
 * where that has no places. */
void ghost_say_joining(const struct ghost *ghost, struct server *server,
		       const struct server_session *session,
		       struct span extensions, struct buf *said);

/* A change of its group leaves the places that it has to, and says so; nothing where
 * that has none. `plan` is empty, and `change` borrows from it. */
struct ghost_plan {
	struct buf extensions, said;
	struct span encoded;
};
void ghost_plan(const struct ghost *ghost, struct server *server,
		struct mls_change *change, struct ghost_plan *plan);
void ghost_plan_clear(struct ghost_plan *plan);

/* A new KeyPackage, whose secrets it keeps. Borrowed until ghost_clear(). */
struct span ghost_key_package(struct ghost *ghost);

/* A group of the ghost's own under the id of a session, with the extensions of
 * `like`, a GroupInfo; then `others` are added with keys of the ghost's
 * making. Appends a GroupInfo. False: it did not work. */
bool ghost_make_group(struct ghost *ghost, const struct server_session *session,
		      struct span like, const char *const *others,
		      size_t other_count, struct buf *group_info);

/* A GroupInfo whose tree has the genuine leaves of `like`, blank parents and
 * the ghost's leaf, at epoch 99, signed by the ghost. */
bool ghost_copy_leaves(struct ghost *ghost, struct span like,
		       struct buf *group_info);

/* Joins the session as it stands at that server. */
bool ghost_join(struct ghost *ghost, struct server *server, size_t home,
		const char *session, uint64_t now_ms);
/* Its external commit to the group of a GroupInfo as servers keep it (wire/group_info.h),
 * staged in *group. The caller frees it, and clears *out, also after a failure. */
enum err ghost_commits_join(struct ghost *ghost, struct span kept,
			    struct span said, struct mls_group **group,
			    struct mls_commit *out);
/* By a Welcome that waits for it. */
bool ghost_welcomed(struct ghost *ghost, struct server *server, size_t home);

/* Reads what is new of its session's log. */
void ghost_follow(struct ghost *ghost, struct server *server);

/* Can it open this envelope? Appends the plaintext. */
bool ghost_opens(struct ghost *ghost, struct span envelope,
		 struct buf *plaintext);

enum ghost_lie {
	GHOST_HONEST,
	GHOST_FALSE_HEAD,	/* a message with a view that never was */
	GHOST_FUTURE_VIEW,	/* a view of an entry to come */
	GHOST_PSK,		/* a commit with a PSK that only it has */
	GHOST_EXTERNAL_SENDERS, /* a commit that lets a stranger propose */
	GHOST_ROLES,		/* a commit that makes it the owner */
	GHOST_REMOVES,		/* a commit that removes somebody */
	GHOST_BAD_DEPARTURE,	/* a departure with zeros as signature */
	GHOST_DEPARTS_ANOTHER,	/* a departure for somebody else's leaf */
	GHOST_GARBAGE,		/* an envelope that nobody can open */
	GHOST_LIES
};

/* ghost_breaks.c: what a server cannot see to be wrong. */
enum ghost_break {
	BREAK_TAG,	  /* a commit with a false confirmation tag */
	BREAK_PATH,	  /* with a path secret that does not open */
	BREAK_MEMBERSHIP, /* with a false membership tag */
	BREAK_JOIN,	  /* it joins again with a false confirmation tag */
	BREAK_PUB, /* a right commit, and a false external_pub beside it */
	BREAKS
};

/* Posts such a commit, after it has joined again where it must. */
bool ghost_break(struct ghost *ghost, struct server *server,
		 enum ghost_break how, uint64_t now_ms);

/* Posts something to the server. True: the server took it. */
bool ghost_act(struct ghost *ghost, struct server *server, enum ghost_lie lie,
	       uint64_t now_ms);

#endif
