/* A group of three whose calls are starved, and two who are outside: include it
 * after cmocka.h. */
#ifndef HERMETIC_TESTS_STARVE_WORLD_H
#define HERMETIC_TESTS_STARVE_WORLD_H

#include "tests/testlib/starve.h"
#include "wire/message.h"

#define MEMBERS 3

static const struct span PSK_ID = { (const uint8_t *)"psk", 3 };
static const struct mls_custom CUSTOM = { 0xF0AA,
					  { (const uint8_t *)"vote", 4 } };
static const struct span PSK = { (const uint8_t *)"a pre-shared key", 16 };

/* What all of them take besides. */
static const uint16_t PROPOSAL_TYPES[] = { 0xF0AA, MLS_SELF_REMOVE,
					   MLS_APP_DATA_UPDATE };

/* What the one component is from now on. */
static const struct mls_app_data APP_DATA = {
	.component = 0x8001, .update = { (const uint8_t *)"data", 4 }
};

static enum err update_data(void *context, uint16_t component,
			    const struct span *now, const struct span *updates,
			    size_t count, struct buf *data)
{
	(void)context;
	(void)component;
	(void)now;
	buf_put(data, updates[count - 1]);
	return buf_end(data);
}

static const struct mls_authentication HOOKS = { .update_data = update_data };

/* A leaf's dictionary, in which app_components is empty. */
static const uint8_t DICTIONARY[] = { 0, 6, 5, 4, 0, 1, 1, 0 };

/* Alice's group with Bob and Carol, all with a path and two past epochs; Dave
 * and Erin are outside. */
struct world {
	struct member all[MEMBERS + 2];
	struct buf extensions; /* of the group */
	struct buf again;      /* an older KeyPackage of Dave's */
};

#define ALICE (&w->all[0])
#define BOB (&w->all[1])
#define CAROL (&w->all[2])
#define DAVE (&w->all[3])
#define ERIN (&w->all[4])

static void all_commit(struct world *w)
{
	struct mls_commit commit;

	for (size_t i = 0; i < MEMBERS; i++) {
		member_commit(&w->all[i], NULL, 0, NULL, 0, true, &commit);
		for (size_t j = 0; j < MEMBERS; j++)
			if (j != i)
				member_follow(&w->all[j],
					      buf_span(&commit.commit));
		mls_commit_clear(&commit);
	}
	members_talk(w->all, MEMBERS);
}

static void world_init(struct world *w, uint16_t suite)
{
	static const char *const names[] = { "alice/1", "bob/1", "carol/1",
					     "dave/1", "erin/1" };
	static const uint16_t types[] = { 0xF7F0, MLS_APP_DATA_DICTIONARY };
	struct member *others[] = { BOB, CAROL };
	struct mls_commit commit;

	w->extensions = w->again = BUF_INIT;
	for (size_t i = 0; i < MEMBERS + 2; i++) {
		member_init(&w->all[i], suite_by_id(suite), names[i]);
		w->all[i].me.padding = 64;
		w->all[i].me.extension_types = types;
		w->all[i].me.extension_type_count = 2;
		w->all[i].me.leaf_extensions = SPAN_ARRAY(DICTIONARY);
		w->all[i].me.authentication = &HOOKS;
		w->all[i].me.proposal_types = PROPOSAL_TYPES;
		w->all[i].me.proposal_type_count = 3;
		member_key_package(&w->all[i]);
	}
	members_put_sender(&w->extensions, buf_span(&ERIN->signature_public),
			   span_str(ERIN->name));
	assert_int_equal(mls_group_create(&ALICE->me, SPAN_LIT("group"),
					  buf_span(&w->extensions),
					  &ALICE->group),
			 ERR_OK);
	member_commit(ALICE, others, 2, NULL, 0, false, &commit);
	member_join(BOB, &commit);
	member_join(CAROL, &commit);
	mls_commit_clear(&commit);
	all_commit(w);
	for (size_t i = 0; i < MEMBERS; i++)
		assert_int_equal(
		    mls_group_add_psk(w->all[i].group, PSK_ID, PSK), ERR_OK);
	buf_put(&w->again, buf_span(&DAVE->key_package));
	member_key_package(DAVE);
}

static void world_clear(struct world *w)
{
	for (size_t i = 0; i < MEMBERS + 2; i++)
		member_clear(&w->all[i]);
	buf_clear(&w->extensions);
	buf_clear(&w->again);
}

/* ---- what they do ---- */

static void commit_of(struct member *m, const struct mls_change *change,
		      struct mls_commit *out)
{
	assert_int_equal(mls_group_commit(m->group, &m->me, change, out),
			 ERR_OK);
}

/* A second identity of a member, with its own signature key. */
static inline void renewed(const struct member *m, struct member *next)
{
	member_init(next, m->me.suite, m->name);
	next->me.extension_types = m->me.extension_types;
	next->me.leaf_extensions = m->me.leaf_extensions;
	next->me.extension_type_count = m->me.extension_type_count;
	next->me.proposal_types = m->me.proposal_types;
	next->me.proposal_type_count = m->me.proposal_type_count;
}

static const struct mls_reinit REINIT = {
	.group_id = { (const uint8_t *)"next", 4 },
	.cipher_suite = SUITE_X25519_AES128GCM_SHA256_ED25519,
};

enum { PROPOSALS = 11 };

/* One of each kind that a member may propose. */
static inline void all_proposals(struct world *w, const struct member *next,
				 struct mls_proposal list[PROPOSALS])
{
	list[0] = (struct mls_proposal){
		.kind = MLS_PROPOSE_ADD,
		.key_package = buf_span(&DAVE->key_package),
	};
	list[1] = (struct mls_proposal){ .kind = MLS_PROPOSE_UPDATE };
	list[2] = (struct mls_proposal){ .kind = MLS_PROPOSE_UPDATE,
					 .next = &next->me };
	list[3] =
	    (struct mls_proposal){ .kind = MLS_PROPOSE_REMOVE, .removed = 2 };
	list[4] =
	    (struct mls_proposal){ .kind = MLS_PROPOSE_PSK, .psk_id = PSK_ID };
	list[5] = (struct mls_proposal){ .kind = MLS_PROPOSE_RESUMPTION,
					 .resumption_epoch = 3 };
	list[6] = (struct mls_proposal){
		.kind = MLS_PROPOSE_EXTENSIONS,
		.extensions = buf_span(&w->extensions),
	};
	list[7] = (struct mls_proposal){ .kind = MLS_PROPOSE_REINIT,
					 .reinit = REINIT };
	list[8] = (struct mls_proposal){ .kind = MLS_PROPOSE_CUSTOM,
					 .custom = CUSTOM };
	list[9] = (struct mls_proposal){ .kind = MLS_PROPOSE_SELF_REMOVE };
	list[10] = (struct mls_proposal){ .kind = MLS_PROPOSE_APP_DATA,
					  .app_data = APP_DATA };
}

/* Carol says in `message` that she leaves, and Alice and Bob know it. */
static inline void carol_leaves(struct world *w, struct buf *message)
{
	const struct mls_proposal leave = { .kind = MLS_PROPOSE_SELF_REMOVE };

	assert_int_equal(
	    mls_group_propose(CAROL->group, &CAROL->me, &leave, false, message),
	    ERR_OK);
	for (size_t i = 0; i < 2; i++) {
		struct mls_event event;

		assert_int_equal(mls_group_process(w->all[i].group, MEMBER_NOW,
						   buf_span(message), &event),
				 ERR_OK);
		mls_event_clear(&event);
	}
}

/* Bob's proposals at Alice: two that go together, and, asked for, two more that
 * exclude each other. */
static inline void gather(struct world *w, bool conflict)
{
	struct mls_proposal list[] = {
		{ .kind = MLS_PROPOSE_UPDATE },
		{ .kind = MLS_PROPOSE_REMOVE, .removed = 2 },
		{ .kind = MLS_PROPOSE_ADD },
		{ .kind = MLS_PROPOSE_ADD },
		{ .kind = MLS_PROPOSE_PSK, .psk_id = PSK_ID },
	};

	list[2].key_package = buf_span(&DAVE->key_package);
	list[3].key_package = buf_span(&w->again);
	for (size_t i = 0; i < (conflict ? 5 : 2); i++) {
		struct buf message = BUF_INIT;
		struct mls_event event;

		assert_int_equal(mls_group_propose(BOB->group, &BOB->me,
						   &list[i], i == 1, &message),
				 ERR_OK);
		assert_int_equal(mls_group_process(ALICE->group, MEMBER_NOW,
						   buf_span(&message), &event),
				 ERR_OK);
		mls_event_clear(&event);
		buf_clear(&message);
	}
}

/* ---- a test ---- */

static int setup_of(void **state, uint16_t suite)
{
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -1;
	world_init(w, suite);
	*state = w;
	return 0;
}

static inline int setup(void **state)
{
	return setup_of(state, SUITE_X25519_AES128GCM_SHA256_ED25519);
}

/* OpenSSL's NIST curves allocate in other places. */
static inline int setup_nist(void **state)
{
	return setup_of(state, SUITE_P256_AES128GCM_SHA256_P256);
}

static int teardown(void **state)
{
	world_clear(*state);
	free(*state);
	return 0;
}

#define STARVED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define STARVED_NIST(test)                                                     \
	cmocka_unit_test_setup_teardown(test, setup_nist, teardown)

#endif
