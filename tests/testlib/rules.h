/* What the tests of the RFC's rules share: a group of three, somebody outside,
 * and the three things to say of an object: accepted, refused without a trace,
 * and that the group goes on afterwards. */
#ifndef HERMETIC_TESTS_RULES_H
#define HERMETIC_TESTS_RULES_H

#include "tests/testlib/cheat.h"

#define RULES_MEMBERS 3

/* all[0] made the group, all[1] and all[2] joined; all[1] and all[2] have
 * committed since, so that no node is blank. all[3] is outside. */
struct rules {
	struct member all[RULES_MEMBERS + 1];
};

/* With a `struct rules *rules` in scope. */
#define ALICE (&rules->all[0])
#define BOB (&rules->all[1])
#define CAROL (&rules->all[2])
#define DAVE (&rules->all[3])

const struct suite *rules_suite(void);

void rules_init(struct rules *rules, struct span group_extensions);
/* The same, as `prepare` leaves each member before the group is made. */
void rules_init_with(struct rules *rules, struct span group_extensions,
		     void (*prepare)(struct member *m));
/* To prepare a member that takes SelfRemoves. */
void rules_take_self_removes(struct member *m);
/* Checks that all three can commit and talk, then clears. */
void rules_end(struct rules *rules);
/* Only clears, where not all three are members any more or another is one, too. */
void rules_clear(struct rules *rules);

/* The rule that a call said is the one that was broken. */
void rules_said(enum mls_rule rule, enum mls_rule wanted);

/* A message at a member: fails with this error, names this rule (or none), and
 * leaves the state byte for byte as it was. */
void rules_refuse(struct member *m, struct span message, enum err why,
		  enum mls_rule rule);
/* A commit that is accepted, and discarded again. */
void rules_accept(struct member *m, struct span commit);
/* A proposal that is accepted, and kept. */
void rules_keep(struct member *m, struct span proposal);

/* A cheat's commit, refused by `m` or accepted. */
void rules_refuse_commit(struct member *m, const struct cheat *how,
			 enum err why, enum mls_rule rule);
void rules_accept_commit(struct member *m, const struct cheat *how);

/* Somebody joins, with its last KeyPackage or a new one, by what `how` makes of
 * a commit that adds it: what comes of it, and the rule that it says is broken. */
enum err rules_join(struct member *joiner, const struct cheat *how,
		    const struct cheat_info *info, enum mls_rule wanted);

/* all[0] adds all[3] by its last KeyPackage: what comes of it. */
enum err rules_add(struct rules *rules);
/* The same, and all[1] gets a commit that does. */
void rules_refuse_add(struct rules *rules, enum err why, enum mls_rule rule);
/* The same, and a Proposal that does. */
void rules_refuse_lone_add(struct rules *rules, enum err why,
			   enum mls_rule rule);
void rules_accept_add(struct rules *rules);

/* required_capabilities with one value of each, 0 for none; appended. */
void rules_put_required(struct buf *extensions, uint16_t extension,
			uint16_t proposal, uint16_t credential);

/* external_senders with `service` alone; appended. */
void rules_put_sender(struct buf *extensions, const struct member *service);

#endif
