/* A Welcome whose tree goes beside it: a device asks for the tree, takes the right one,
 * and says what is wrong with another. Records in memory, a server by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/sign.h"
#include "device/device.h"
#include "session/session.h"
#include "tests/testlib/records.h"

#define SUITE SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519

static const char ID[] = "00000000-0000-4000-8000-00000000000a";

enum { NOW = 1700000000 };

/* The owner of a session, who lets the device in, and the device. */
struct world {
	struct mls_identity owner;
	struct sec private_key;
	struct buf public_key;
	struct session *session;
	struct mls_commit made;
	struct buf tree, before; /* after the commit, and before */
	uint8_t head[CHAIN_HEAD];

	struct records records;
	struct device_ports ports;
	struct device *device;
	struct buf key_package;
	unsigned trees; /* so often one was asked for */
};

static uint64_t now(void *clock)
{
	(void)clock;
	return (uint64_t)NOW * 1000;
}

static void create(struct world *w)
{
	static const uint16_t suites[] = { SUITE };
	struct negotiation_offer offer = { SPAN_LIT("owner/1"), SPAN_EMPTY };
	struct negotiation_plan plan = { .suite = NULL };
	struct buf info = BUF_INIT;
	struct uuid id;
	static const uint8_t listed[] = { 0, SUITE };

	w->owner = (struct mls_identity){
		.suite = suite_by_id(SUITE),
		.rng = rng_system(),
		.now = NOW,
		.lifetime = 86400,
		.credential_identity = offer.identity,
		.cipher_suites = suites,
		.cipher_suite_count = 1,
	};
	session_identity(&w->owner);
	assert_int_equal(sign_generate(w->owner.suite, w->owner.rng,
				       &w->private_key, &w->public_key),
			 ERR_OK);
	w->owner.signature_private = sec_span(&w->private_key);
	w->owner.signature_public = buf_span(&w->public_key);
	offer.suites = SPAN_ARRAY(listed);
	assert_int_equal(negotiation_plan(&offer, NULL, 0, &plan), ERR_OK);
	assert_int_equal(uuid_parse(&id, span_str(ID)), ERR_OK);
	assert_int_equal(session_create(&w->owner, id.bytes, &plan, NULL,
					&w->session, &info),
			 ERR_OK);
	negotiation_plan_clear(&plan);
	buf_clear(&info);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct device_config config = {
		.username = "bob",
		.device_id = "00000000-0000-4000-8000-000000000001",
		.offer = { { SUITE }, 1 },
		.stock = 5,
	};

	assert_non_null(w);
	create(w);
	records_init(&w->records);
	w->ports = (struct device_ports){ .store = &w->records.store,
					  .rng = rng_system(),
					  .now_ms = now };
	assert_int_equal(device_open(&config, &w->ports, &w->device), ERR_OK);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	device_close(w->device);
	records_free(&w->records);
	session_free(w->session);
	mls_commit_clear(&w->made);
	sec_clear(&w->private_key);
	buf_clear(&w->public_key);
	buf_clear(&w->tree);
	buf_clear(&w->before);
	buf_clear(&w->key_package);
	free(w);
	return 0;
}

/* Takes a KeyPackage that the device publishes, and adds it. */
static void let_in(struct world *w)
{
	const struct order stock = { .kind = ORDER_STOCK };
	struct request request;
	enum device_turn turn;
	uint32_t wait_ms;
	struct span add;
	struct mls_change change = { .adds = &add,
				     .add_count = 1,
				     .force_path = true };

	assert_int_equal(device_start(w->device, &stock), ERR_OK);
	while ((turn = device_turn(w->device, &request, &wait_ms)) ==
	       DEVICE_ASK) {
		struct answer answer = { .result = ERR_OK };

		if (request.kind == REQUEST_PUBLISH && w->key_package.n == 0)
			buf_put(&w->key_package, request.last_resorts[0]);
		device_answer(w->device, &answer);
	}
	assert_int_equal(turn, DEVICE_DONE);
	add = buf_span(&w->key_package);
	assert_true(add.n > 0);
	assert_int_equal(mls_group_tree(session_group(w->session), &w->before),
			 ERR_OK);
	assert_true(session_tree_beside(w->session, &add, 1, 2));
	assert_false(session_tree_beside(w->session, &add, 1, 3));
	change.tree_beside_welcome = true;
	assert_int_equal(
	    session_commit(w->session, &w->owner, &change, &w->made), ERR_OK);
	{
		struct chain chain;

		assert_int_equal(
		    chain_start(&chain, span_of(session_id(w->session), 16)),
		    ERR_OK);
		assert_int_equal(chain_next(&chain, CHAIN_COMMIT,
					    buf_span(&w->made.commit), w->head),
				 ERR_OK);
	}
	assert_int_equal(session_accepted(w->session, NOW, 1, w->head), ERR_OK);
	assert_int_equal(mls_group_tree(session_group(w->session), &w->tree),
			 ERR_OK);
}

/* The server shows the Welcome, and `tree`; then it is not reached any more. */
static const struct outcome *join(struct world *w, struct span tree)
{
	const struct order order = { .kind = ORDER_JOIN, .session = ID };
	struct answer_welcome row = {
		.welcome_id = "00000000-0000-4000-8000-00000000000b",
		.session = ID,
		.seq = 1,
		.welcome = buf_span(&w->made.welcome),
	};
	struct request request;
	enum device_turn turn;
	uint32_t wait_ms;

	memcpy(row.head, w->head, sizeof(row.head));
	assert_int_equal(device_start(w->device, &order), ERR_OK);
	while ((turn = device_turn(w->device, &request, &wait_ms)) !=
	       DEVICE_DONE) {
		struct answer answer = { .result = ERR_LOCAL_IO };

		if (turn == DEVICE_WAIT)
			continue;
		if (request.kind == REQUEST_WELCOMES) {
			answer.result = ERR_OK;
			answer.welcomes = &row;
			answer.welcome_count = 1;
		} else if (request.kind == REQUEST_TREE) {
			assert_int_equal(request.after, 1);
			answer.result = ERR_OK;
			answer.tree = tree;
			w->trees++;
		}
		device_answer(w->device, &answer);
	}
	return device_outcome(w->device);
}

static bool is_in(struct world *w)
{
	struct buf about = BUF_INIT;
	bool in = device_describe(w->device, ID, &about) == ERR_OK;

	buf_clear(&about);
	return in;
}

static void refuse(struct world *w, struct span tree)
{
	const struct outcome *outcome = join(w, tree);

	assert_int_equal(err_class(outcome->result), ERR_CLASS_PEER);
	assert_string_equal(outcome->why->slug, "bad-tree");
	assert_false(is_in(w));
}

static void test_tree(void **state)
{
	struct world *w = *state;

	let_in(w);
	refuse(w, buf_span(&w->before)); /* the one of another epoch */
	w->tree.p[w->tree.n / 2] ^= 1;
	refuse(w, buf_span(&w->tree));
	w->tree.p[w->tree.n / 2] ^= 1;
	refuse(w, span_of(w->tree.p, w->tree.n - 1));
	(void)join(w, buf_span(&w->tree));
	assert_true(is_in(w));
	assert_int_equal(w->trees, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
