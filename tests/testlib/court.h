/* A session in which each commit is judged twice, by check_commit() as the
 * server does and by session_receive() as all members do: they must agree.
 * A walk follows from the first GroupInfo on: after each entry it has come to
 * where the members are. Everything here asserts. */
#ifndef HERMETIC_TESTS_COURT_H
#define HERMETIC_TESTS_COURT_H

#include "tests/testlib/cheat.h"
#include "tests/testlib/session_world.h"

enum { ALICE, ALICE2, BOB, CAROL, CAROL2, DAVE, COURT_DEVICES };

/* alice/1 owns the session; alice/2, bob/1 (admin) and carol/1 are in it.
 * carol/2 and dave/1 are outside. */
struct court {
	struct device all[COURT_DEVICES];
	struct ledger ledger;
	struct check_walk *walk; /* from the first GroupInfo on */
};

void court_make(struct court *c, enum world_policy policy);
void court_free(struct court *c);

/* The same for each test of a cmocka group: *state is the court. */
int court_setup(void **state);
int court_setup_invited(void **state);
int court_setup_open(void **state);
int court_teardown(void **state);

/* A device of the court as the member that tests/testlib/cheat.h takes. */
struct member court_member(struct device *d);

/* That the walk is where the members are: each one's GroupInfo is that of the
 * walk, and so is a walk that begins at the member. */
void court_compare(struct court *c);

uint32_t court_leaf(const struct device *d);

/* A commit's bytes and the GroupInfo after it (empty: none is looked at), of
 * which both say that it is wrong, by a sentence that contains `word`. Then it
 * stands in the log, refused by all members. */
void court_refuse_bytes(struct court *c, struct span commit, struct span info,
			const char *word, bool denied);
/* What a member's engine makes of a change. */
void court_refuse(struct court *c, int by, const struct mls_change *change,
		  const char *word, bool denied);
/* What a cheat makes. */
void court_refuse_cheat(struct court *c, const struct cheat *how,
			const char *word, bool denied);
void court_accept_cheat(struct court *c, const struct cheat *how);

/* All take it; `joiner` (-1: nobody) is in the session afterwards. */
void court_accept(struct court *c, int by, const struct mls_change *change,
		  int joiner);

void court_add(struct court *c, int by, int who);
void court_remove(struct court *c, int by, int who);
void court_give_role(struct court *c, int by, const char *user, enum role role);

/* `by` departs the leaf of `whom`; all take it. */
void court_depart(struct court *c, int by, int whom, const char *heir);

/* An external commit of `who`: `word` NULL: it is accepted. */
void court_join(struct court *c, int who, bool resync, const char *word);

#endif
