/* A session moves to another algorithm, and members compare the next group with the one
 * that has ended. */
#include "tests/testlib/session_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#define NOW_SUITE SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519
#define NEXT_SUITE SUITE_X25519_TWOFISH256GCM_SHA256_ED25519
#define MUST(call) assert_int_equal((call), ERR_OK)

/* Alice owns the session; what each of them is in the next group. */
struct moving {
	struct world w;
	struct device alice, bob, carol;
};

/* The same device, of the other suite: the signature scheme is the same. */
static void make_next(struct device *next, const struct device *now)
{
	device_make(next, "nobody/1", NEXT_SUITE);
	sec_clear(&next->private_key);
	buf_clear(&next->public_key);
	buf_clear(&next->key_package);
	mls_key_package_secrets_clear(&next->secrets);
	MUST(sec_set(&next->private_key, sec_span(&now->private_key)));
	buf_put(&next->public_key, buf_span(&now->public_key));
	next->me.credential_identity = now->me.credential_identity;
	next->me.signature_private = sec_span(&next->private_key);
	next->me.signature_public = buf_span(&next->public_key);
	MUST(mls_key_package_create(&next->me, false, &next->secrets,
				    &next->key_package));
}

static void make(struct moving *m)
{
	memset(m, 0, sizeof(*m));
	world_make(&m->w, NOW_SUITE);
	world_add(&m->w.alice, &m->w.carol, &m->w.ledger);
	expect_kind(&m->w.bob, &m->w.ledger, SESSION_COMMIT);
	make_next(&m->alice, &m->w.alice);
	make_next(&m->bob, &m->w.bob);
	make_next(&m->carol, &m->w.carol);
	m->alice.me.cipher_suite_count = 1; /* the first is NEXT_SUITE */
}

static void end(struct moving *m)
{
	device_free(&m->alice);
	device_free(&m->bob);
	device_free(&m->carol);
	world_free(&m->w);
}

/* With that KeyPackage of Bob's device. Returns the place of the Welcome. */
static uint64_t move(struct moving *m, struct span bobs)
{
	struct span carols = buf_span(&m->carol.key_package);
	const struct negotiation_invitee others[] = {
		{ m->bob.me.credential_identity, &bobs, 1 },
		{ m->carol.me.credential_identity, &carols, 1 },
	};
	struct negotiation_offer offer = { m->alice.me.credential_identity,
					   SPAN_EMPTY };
	struct negotiation_plan plan;
	struct mls_commit made = { 0 };
	struct buf own = BUF_INIT;
	uint64_t seq;

	buf_put_u16(&own, NEXT_SUITE);
	offer.suites = buf_span(&own);
	MUST(negotiation_plan(&offer, others, 2, &plan));
	MUST(session_move(m->w.alice.session, &m->w.alice.me, &m->alice.me,
			  &plan, &made));
	ledger_post(&m->w.ledger, CHAIN_COMMIT, buf_span(&made.commit));
	expect_kind(&m->w.alice, &m->w.ledger, SESSION_COMMIT);
	expect_kind(&m->w.bob, &m->w.ledger, SESSION_COMMIT);
	expect_kind(&m->w.carol, &m->w.ledger, SESSION_COMMIT);
	seq =
	    ledger_post(&m->w.ledger, CHAIN_SUCCESSOR, buf_span(&made.welcome));
	negotiation_plan_clear(&plan);
	mls_commit_clear(&made);
	buf_clear(&own);
	return seq;
}

/* `next` NULL: it is the one who made it. */
static void receive(struct moving *m, struct device *now, struct device *next,
		    uint64_t seq, enum err refused)
{
	const struct entry *entry = ledger_entry(&m->w.ledger, seq);
	struct session_event event = { 0 };

	MUST(session_receive_successor(
	    now->session, seq, buf_span(&entry->bytes), entry->head,
	    next != NULL ? &next->me : NULL,
	    next != NULL ? buf_span(&next->key_package) : SPAN_EMPTY,
	    next != NULL ? &next->secrets : NULL, &event));
	assert_int_equal(event.refused, refused);
	assert_false(event.goes_over);
	session_event_clear(&event);
}

static void test_all_come_along(void **state)
{
	static struct moving m;
	uint64_t seq;
	(void)state;

	make(&m);
	seq = move(&m, buf_span(&m.bob.key_package));
	receive(&m, &m.w.alice, NULL, seq, ERR_OK);
	receive(&m, &m.w.bob, &m.bob, seq, ERR_OK);
	receive(&m, &m.w.carol, &m.carol, seq, ERR_OK);
	assert_same_group(&m.w.alice, &m.w.bob);
	assert_same_group(&m.w.alice, &m.w.carol);
	end(&m);
}

/* A leaf of Bob's name with a key that is not his: Carol does not come along. */
static void test_no_member_gets_another_key(void **state)
{
	static struct moving m;
	struct device forged;
	uint64_t seq;
	(void)state;

	make(&m);
	device_make(&forged, "bob/1", NEXT_SUITE);
	seq = move(&m, buf_span(&forged.key_package));
	receive(&m, &m.w.carol, &m.carol, seq, ERR_PEER_INVALID);
	assert_int_equal(session_generation(m.w.carol.session), 0);
	device_free(&forged);
	end(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_come_along),
		cmocka_unit_test(test_no_member_gets_another_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
