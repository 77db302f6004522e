/* A group with places, whose leaves are devices of accounts: its members, a walk over
 * its log, and a server, which have to agree about each commit. Everything here
 * asserts. */
#ifndef HERMETIC_TESTS_TOWN_H
#define HERMETIC_TESTS_TOWN_H

#include "check/walk.h"
#include "tests/testlib/accounts.h"
#include "tests/testlib/session_world.h"

#define SUITE SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519
#define MUST(call) assert_int_equal((call), ERR_OK)

/* A device in its account's house, and what it knows of accounts. */
struct resident {
	struct house *house;
	int who; /* of the house's keys */
	struct device d;
	struct buf identity;
	struct check_accounts *accounts;
};

enum { ALICE, ALICE2, BOB, CAROL, RESIDENTS };
enum { HOUSES = 3 };

struct town {
	struct house *houses[HOUSES]; /* of Alice, Bob, Carol */
	struct resident r[RESIDENTS];
	struct ledger ledger;
	struct check_walk *walk;
	struct check_accounts *walked; /* what the walk knows */
	struct check_accounts *server;
	struct buf rows; /* what town_rows_of() gave last */
};

/* Alice's session, in which she is alone; her account has a recovery key. */
int town_setup(void **state);
/* Whose GroupContext has the list of places and not its root. */
int town_setup_list(void **state);
int town_teardown(void **state);

/* A test in a session with the root, and in one with the list. */
#define TOWN_TESTS(name)                                                       \
	{ #name, name, town_setup, town_teardown, NULL },                      \
	{                                                                      \
#name " of a list", name, town_setup_list, town_teardown, NULL \
	}
/* A device with that identity, which is borrowed, and that key. */
void town_make_device(struct device *d, struct span identity,
		      const struct account_pair *pair);

/* The resident's device, if it stands in the house's log. */
void town_move_in(struct resident *r, struct house *house, int who);
/* The house's Ed25519 key. */
const struct account_pair *town_key(const struct house *h, int who);
/* The resident's leaf is said to be that device, with that key. */
void town_name_it(struct resident *r, struct span fingerprint, uint64_t number,
		  const struct account_pair *pair);

/* Whoever has these is given the house's log; and a resident is. */
void town_know(struct check_accounts *accounts, const struct house *house);
void town_tell(struct town *t, int who, const struct house *house);

/* Alice's second device is in her log, which she and the server know. */
void town_second_device(struct town *t);

/* The group as that resident has it. */
void town_info_of(struct resident *r, struct buf *info);

/* A commit stands in the log; members but `by` receive it. `wrong` NULL: all
 * take it; otherwise all refuse it with words that have that one in it. */
void town_post(struct town *t, int by, const struct mls_commit *made,
	       const char *wrong);
void town_commit(struct town *t, int by, const struct mls_change *change,
		 const char *wrong);
void town_rotate(struct town *t, int by);

/* By Welcome; whoever comes is given the logs by somebody. */
void town_add(struct town *t, int by, int who);
/* By an external commit. */
void town_join(struct town *t, int who, bool resync, const char *wrong);

/* The number of the place that a house's account has, as resident `at` sees it; 0: it
 * has none. */
void town_expect_place(const struct town *t, int at, int house,
		       uint64_t number);

/* A commit as only a cheat makes it: with these places, and links. */
void town_make_cheat(struct town *t, int by, const struct mls_change *change,
		     struct span rows, struct span links,
		     struct mls_commit *made);
/* The same, but with any changes and any root; `root` empty: that of before. */
void town_cheat_root(struct town *t, int by, struct span root,
		     struct span changes, const char *wrong);
void town_cheat(struct town *t, int by, const struct mls_change *change,
		struct span rows, struct span links, const char *wrong);

/* The places as resident `at` sees them. */
struct span town_rows_of(struct town *t, int at);
/* A row of an account with the hash of the end of its log. */
void town_put_row(struct buf *rows, const struct house *h, uint64_t number);
/* Rows of two accounts in order; house numbers. */
void town_put_two(struct buf *rows, const struct town *t, int a,
		  uint64_t number_a, int b, uint64_t number_b);

#endif
