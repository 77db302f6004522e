/* The choice of the algorithm, and everybody who might want to lower it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session/negotiation.h"
#include "wire/key_package.h"

#define AES "\x00\x04"
#define CHACHA "\x00\x03"
#define TWOFISH "\xF7\xF1"
#define SUITES(literal) SPAN_LIT(literal)

#define ID_AES 0x0004
#define ID_CHACHA 0x0003
#define ID_TWOFISH 0xF7F1

/* An encoded KeyPackage for `suite`; nobody verifies it here. */
static struct span key_package(struct buf *b, const char *identity,
			       uint16_t suite, struct span suites)
{
	struct wire_key_package kp = {
		.version = WIRE_VERSION_MLS10,
		.cipher_suite = suite,
		.init_key = SPAN_LIT("init key"),
		.leaf_node = { .encryption_key = SPAN_LIT("encryption key"),
			       .signature_key = SPAN_LIT("signature key"),
			       .credential = { .type = WIRE_CREDENTIAL_BASIC,
					       .identity = span_str(identity) },
			       .capabilities = { .versions =
						     SPAN_LIT("\x00\x01"),
						 .cipher_suites = suites,
						 .credentials =
						     SPAN_LIT("\x00\x01") },
			       .source = WIRE_LEAF_KEY_PACKAGE,
			       .signature = SPAN_LIT("signature") },
		.signature = SPAN_LIT("signature"),
	};
	struct buf leaf = BUF_INIT;

	wire_leaf_node_put(&leaf, &kp.leaf_node);
	kp.leaf_node.encoded = buf_span(&leaf);
	wire_key_package_put(b, &kp);
	assert_int_equal(buf_end(b), ERR_OK);
	buf_clear(&leaf);
	return buf_span(b);
}

static void test_creators_order_decides(void **state)
{
	const struct negotiation_offer founders[] = {
		{ SPAN_LIT("alice/1"), SUITES(TWOFISH AES CHACHA) },
		{ SPAN_LIT("bob/1"), SUITES(CHACHA AES) },
		{ SPAN_LIT("carol/1"), SUITES(CHACHA TWOFISH AES) },
	};
	uint16_t chosen;
	(void)state;

	assert_int_equal(negotiation_choose(founders, 1, &chosen), ERR_OK);
	assert_int_equal(chosen, ID_TWOFISH);
	assert_int_equal(negotiation_choose(founders, 2, &chosen), ERR_OK);
	assert_int_equal(chosen, ID_AES);
	assert_int_equal(negotiation_choose(founders, 3, &chosen), ERR_OK);
	assert_int_equal(chosen, ID_AES);
	assert_int_equal(negotiation_choose(founders, 0, &chosen),
			 ERR_PEER_UNSUPPORTED);
}

static void test_nothing_shared(void **state)
{
	const struct negotiation_offer founders[] = {
		{ SPAN_LIT("alice/1"), SUITES(AES) },
		{ SPAN_LIT("bob/1"), SUITES(CHACHA TWOFISH) },
	};
	uint16_t chosen;
	(void)state;

	assert_int_equal(negotiation_choose(founders, 2, &chosen),
			 ERR_PEER_UNSUPPORTED);
}

static const struct negotiation_offer alice = {
	{ (const uint8_t *)"alice/1", 7 },
	{ (const uint8_t *)AES CHACHA TWOFISH, 6 },
};

/* Bob's device with what it signed, and the KeyPackages that came. */
struct bob {
	struct buf bytes[3];
	struct span key_packages[3];
	struct negotiation_invitee invitee;
};

static void bob_make(struct bob *bob, const uint16_t *suites, size_t count,
		     struct span offer)
{
	*bob = (struct bob){ 0 };
	for (size_t i = 0; i < count; i++)
		bob->key_packages[i] =
		    key_package(&bob->bytes[i], "bob/1", suites[i], offer);
	bob->invitee = (struct negotiation_invitee){ SPAN_LIT("bob/1"),
						     bob->key_packages, count };
}

static void bob_clear(struct bob *bob)
{
	for (size_t i = 0; i < 3; i++)
		buf_clear(&bob->bytes[i]);
}

static void test_plan(void **state)
{
	static const uint16_t all[] = { ID_CHACHA, ID_AES };
	struct negotiation_plan plan;
	struct negotiation_offer members[] = {
		alice, { SPAN_LIT("bob/1"), SUITES(CHACHA AES) }
	};
	struct bob bob;
	(void)state;

	bob_make(&bob, all, 2, SUITES(CHACHA AES));
	assert_int_equal(negotiation_plan(&alice, &bob.invitee, 1, &plan),
			 ERR_OK);
	assert_int_equal(plan.suite->id, ID_AES);
	assert_int_equal(plan.count, 1);
	assert_true(plan.key_packages[0].p == bob.key_packages[1].p);
	/* And both of them agree when they join. */
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(negotiation_check(buf_span(&plan.extensions),
						   ID_AES, &members[i], members,
						   2),
				 ERR_OK);
	negotiation_plan_clear(&plan);
	bob_clear(&bob);
}

/* The server, or a proxy, delivers no KeyPackage for the better algorithm; but
 * Bob signed that he has it. */
static void test_stripped_key_package(void **state)
{
	static const uint16_t weaker[] = { ID_CHACHA };
	struct negotiation_plan plan;
	struct bob bob;
	(void)state;

	bob_make(&bob, weaker, 1, SUITES(CHACHA AES));
	assert_int_equal(negotiation_plan(&alice, &bob.invitee, 1, &plan),
			 ERR_PEER_DOWNGRADE);
	assert_null(plan.key_packages);
	bob_clear(&bob);
	bob_make(&bob, NULL, 0, SPAN_EMPTY);
	assert_int_equal(negotiation_plan(&alice, &bob.invitee, 1, &plan),
			 ERR_PEER_UNSUPPORTED);
}

static void test_mixed_key_packages(void **state)
{
	static const uint16_t both[] = { ID_CHACHA, ID_AES };
	struct negotiation_plan plan;
	struct bob bob;
	(void)state;

	/* An older KeyPackage with a shorter offer among them. */
	bob_make(&bob, both, 2, SUITES(CHACHA AES));
	buf_clear(&bob.bytes[0]);
	bob.key_packages[0] =
	    key_package(&bob.bytes[0], "bob/1", ID_CHACHA, SUITES(CHACHA));
	assert_int_equal(negotiation_plan(&alice, &bob.invitee, 1, &plan),
			 ERR_PEER_DOWNGRADE);
	/* Somebody else's. */
	bob.invitee.identity = SPAN_LIT("bob/2");
	assert_int_equal(negotiation_plan(&alice, &bob.invitee, 1, &plan),
			 ERR_PEER_INVALID);
	bob.key_packages[0] = SPAN_LIT("rubbish");
	assert_int_equal(
	    err_class(negotiation_plan(&alice, &bob.invitee, 1, &plan)),
	    ERR_CLASS_PEER);
	bob_clear(&bob);
}

static void test_members_check(void **state)
{
	static const uint16_t all[] = { ID_CHACHA, ID_AES };
	const struct negotiation_offer bob_offer = { SPAN_LIT("bob/1"),
						     SUITES(CHACHA AES) };
	const struct negotiation_offer bob_other = { SPAN_LIT("bob/1"),
						     SUITES(AES CHACHA) };
	const struct negotiation_offer carol = { SPAN_LIT("carol/1"),
						 SUITES(CHACHA) };
	struct negotiation_plan plan;
	struct span extensions;
	struct bob bob;
	(void)state;

	bob_make(&bob, all, 2, SUITES(CHACHA AES));
	assert_int_equal(negotiation_plan(&alice, &bob.invitee, 1, &plan),
			 ERR_OK);
	extensions = buf_span(&plan.extensions);
	/* Who came later is bound by the choice, not part of it. */
	assert_int_equal(
	    negotiation_check(extensions, ID_AES, &carol, &bob_offer, 1),
	    ERR_OK);
	/* The group runs another suite than was chosen. */
	assert_int_equal(
	    negotiation_check(extensions, ID_CHACHA, &bob_offer, &alice, 1),
	    ERR_PEER_DOWNGRADE);
	/* Our entry is not what we offer. */
	assert_int_equal(
	    negotiation_check(extensions, ID_AES, &bob_other, &alice, 1),
	    ERR_PEER_DOWNGRADE);
	/* A founder finds that another one signed something else. */
	assert_int_equal(
	    negotiation_check(extensions, ID_AES, &alice, &bob_other, 1),
	    ERR_PEER_DOWNGRADE);
	/* For who comes later that founder may have come in again. */
	assert_int_equal(
	    negotiation_check(extensions, ID_AES, &carol, &bob_other, 1),
	    ERR_OK);
	/* No negotiation at all. */
	assert_int_equal(
	    negotiation_check(SPAN_EMPTY, ID_AES, &bob_offer, &alice, 1),
	    ERR_PEER_DOWNGRADE);
	negotiation_plan_clear(&plan);
	bob_clear(&bob);
}

/* An extension that claims a choice its own offers do not give. */
static void test_forged_choice(void **state)
{
	static const char data[] = "\x00\x03" /* chosen: CHACHA */
				   "\x1a"     /* founders */
				   "\x07"
				   "alice/1"
				   "\x06"
				   "\x00\x04\x00\x03"
				   "\xF7\xF1"
				   "\x05"
				   "bob/1"
				   "\x04"
				   "\x00\x03\x00\x04";
	const struct negotiation_offer bob_offer = { SPAN_LIT("bob/1"),
						     SUITES(CHACHA AES) };
	struct buf extensions = BUF_INIT;
	(void)state;

	buf_put_u16(&extensions, NEGOTIATION_EXTENSION);
	buf_put_vec(&extensions, SPAN_LIT(data));
	assert_int_equal(negotiation_check(buf_span(&extensions), ID_CHACHA,
					   &bob_offer, &alice, 1),
			 ERR_PEER_DOWNGRADE);
	/* With the right choice the same bytes are fine. */
	extensions.p[4] = 4;
	assert_int_equal(negotiation_check(buf_span(&extensions), ID_AES,
					   &bob_offer, &alice, 1),
			 ERR_OK);
	/* Every truncation is refused. */
	for (size_t n = 0; n < sizeof(data) - 1; n++) {
		buf_reset(&extensions);
		buf_put_u16(&extensions, NEGOTIATION_EXTENSION);
		buf_put_vec(&extensions, span_of(data, n));
		assert_int_equal(
		    err_class(negotiation_check(buf_span(&extensions), ID_AES,
						&bob_offer, &alice, 1)),
		    ERR_CLASS_PEER);
	}
	buf_clear(&extensions);
}

/* Bob came in by a KeyPackage of before, with a shorter list. */
static void test_an_offer_of_before(void **state)
{
	static const uint16_t old[] = { ID_CHACHA };
	const struct negotiation_offer same = { SPAN_LIT("bob/1"),
						SUITES(CHACHA) };
	const struct negotiation_offer more = { SPAN_LIT("bob/1"),
						SUITES(CHACHA AES) };
	const struct negotiation_offer without = { SPAN_LIT("bob/1"),
						   SUITES(AES TWOFISH) };
	const struct negotiation_offer worse = { SPAN_LIT("bob/1"),
						 SUITES(TWOFISH CHACHA) };
	const struct negotiation_offer later = { SPAN_LIT("carol/1"),
						 SUITES(AES) };
	struct negotiation_plan plan;
	struct span extensions;
	struct bob bob;
	(void)state;

	bob_make(&bob, old, 1, SUITES(CHACHA));
	assert_int_equal(negotiation_plan(&alice, &bob.invitee, 1, &plan),
			 ERR_OK);
	assert_int_equal(plan.suite->id, ID_CHACHA);
	extensions = buf_span(&plan.extensions);
	assert_int_equal(negotiation_check_now(extensions, &same), ERR_OK);
	/* Alice would have chosen the better one. */
	assert_int_equal(negotiation_check_now(extensions, &more),
			 ERR_PEER_DOWNGRADE);
	/* What was chosen is not offered any more. */
	assert_int_equal(negotiation_check_now(extensions, &without),
			 ERR_PEER_DOWNGRADE);
	/* Alice's order decides, and it is the same choice. */
	assert_int_equal(negotiation_check_now(extensions, &worse), ERR_OK);
	assert_int_equal(negotiation_check_now(extensions, &later), ERR_OK);
	assert_int_equal(negotiation_check_now(SPAN_EMPTY, &same),
			 ERR_PEER_DOWNGRADE);
	negotiation_plan_clear(&plan);
	bob_clear(&bob);
}

#define XWING "\xF7\xF2"

/* Which algorithm the creator prefers, and which founder keeps it from the session. */
static void test_missed(void **state)
{
	static const uint16_t all[] = { ID_CHACHA, ID_AES };
	const struct negotiation_offer creator = { SPAN_LIT("alice/1"),
						   SUITES(XWING AES CHACHA) };
	struct negotiation_plan plan;
	struct negotiation_missed missed;
	struct bob bob;
	(void)state;

	bob_make(&bob, all, 2, SUITES(CHACHA AES));
	assert_int_equal(negotiation_plan(&creator, &bob.invitee, 1, &plan),
			 ERR_OK);
	assert_int_equal(plan.suite->id, ID_AES);
	assert_int_equal(
	    negotiation_missed(buf_span(&plan.extensions), &missed), ERR_OK);
	assert_int_equal(missed.suite, 0xF7F2);
	assert_true(span_equal(missed.identity, SPAN_LIT("bob/1")));
	negotiation_plan_clear(&plan);

	assert_int_equal(negotiation_plan(&alice, &bob.invitee, 1, &plan),
			 ERR_OK);
	assert_int_equal(
	    negotiation_missed(buf_span(&plan.extensions), &missed), ERR_OK);
	assert_int_equal(missed.identity.n, 0);
	assert_int_equal(negotiation_missed(SPAN_EMPTY, &missed), ERR_OK);
	assert_int_equal(missed.identity.n, 0);
	plan.extensions.n--; /* it does not decode */
	assert_int_equal(
	    negotiation_missed(buf_span(&plan.extensions), &missed), ERR_OK);
	assert_int_equal(missed.identity.n, 0);
	negotiation_plan_clear(&plan);
	bob_clear(&bob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_creators_order_decides),
		cmocka_unit_test(test_missed),
		cmocka_unit_test(test_nothing_shared),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_stripped_key_package),
		cmocka_unit_test(test_mixed_key_packages),
		cmocka_unit_test(test_members_check),
		cmocka_unit_test(test_forged_choice),
		cmocka_unit_test(test_an_offer_of_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
