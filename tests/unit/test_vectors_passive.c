/* The working group's passive clients: a member that joins by Welcome and
 * follows the group's commits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mls/group.h"
#include "tests/testlib/vector_case.h"
#include "wire/message.h"

#define PSKS_MAX 16

static bool identity(const struct suite *suite, const json_t *item,
		     const struct wire_key_package *kp,
		     struct mls_external_psk *psks, struct mls_identity *me)
{
	const json_t *list = at(item, "external_psks");

	*me = (struct mls_identity){
		.suite = suite,
		.rng = rng_system(),
		.credential_identity = kp->leaf_node.credential.identity,
		.signature_private =
		    vectors_signature_key(suite, item, "signature_priv"),
		.signature_public = kp->leaf_node.signature_key,
		.psks = psks,
		.psk_count = json_array_size(list),
	};
	if (me->psk_count > PSKS_MAX)
		return false;
	for (size_t i = 0; i < me->psk_count; i++) {
		const json_t *psk = json_array_get(list, i);

		psks[i] = (struct mls_external_psk){ HEX(psk, "psk_id"),
						     HEX(psk, "psk") };
	}
	return true;
}

static bool is_epoch(const struct mls_group *group, const json_t *o,
		     const char *key)
{
	return span_equal(mls_group_epoch_authenticator(group), HEX(o, key));
}

static bool reload(struct mls_group **group)
{
	struct buf state = BUF_INIT;
	struct mls_group *again = NULL;
	bool ok = false;

	CHECK_OK(mls_group_save(*group, &state));
	CHECK_OK(mls_group_load(buf_span(&state), &again));
	mls_group_free(*group);
	*group = again;
	ok = true;
out:
	buf_clear(&state);
	return ok;
}

static bool follow(struct mls_group **group, const json_t *epoch)
{
	const json_t *proposals = at(epoch, "proposals");
	struct mls_event event = { 0 };
	bool ok = false;

	for (size_t i = 0; i < json_array_size(proposals); i++) {
		CHECK_OK(mls_group_process(*group, 0,
					   vectors_text_bytes(json_string_value(
					       json_array_get(proposals, i))),
					   &event));
		CHECK(event.kind == MLS_EVENT_PROPOSAL);
		mls_event_clear(&event);
	}
	CHECK(reload(group));
	CHECK_OK(mls_group_process(*group, 0, HEX(epoch, "commit"), &event));
	CHECK(event.kind == MLS_EVENT_COMMIT);
	CHECK(reload(group));
	CHECK_OK(mls_group_merge(*group));
	CHECK(is_epoch(*group, epoch, "epoch_authenticator"));
	ok = true;
out:
	mls_event_clear(&event);
	return ok;
}

static bool passive(const struct suite *suite, const json_t *item)
{
	struct mls_external_psk psks[PSKS_MAX];
	struct mls_key_package_secrets secrets;
	const json_t *epochs = at(item, "epochs");
	struct mls_group *group = NULL;
	struct wire_message message;
	struct mls_identity me;
	bool ok = false;

	CHECK_OK(sec_set(&secrets.init_private, HEX(item, "init_priv")));
	CHECK_OK(
	    sec_set(&secrets.encryption_private, HEX(item, "encryption_priv")));
	CHECK_OK(wire_message_decode(HEX(item, "key_package"), &message));
	CHECK(message.format == WIRE_KEY_PACKAGE);
	CHECK(identity(suite, item, &message.key_package, psks, &me));
	CHECK_OK(mls_group_join(&me, HEX(item, "welcome"),
				HEX(item, "ratchet_tree"),
				message.key_package.encoded, &secrets, &group));
	CHECK(is_epoch(group, item, "initial_epoch_authenticator"));
	for (size_t i = 0; i < json_array_size(epochs); i++)
		CHECK(follow(&group, json_array_get(epochs, i)));
	ok = true;
out:
	mls_group_free(group);
	return ok;
}

static void test_welcome(void **state)
{
	(void)state;
	run("mls/passive-client-welcome.json", passive);
}

static void test_handling_commit(void **state)
{
	(void)state;
	run("mls/passive-client-handling-commit.json", passive);
}

/* The working group's generator makes these, too; they may be missing. */
static void test_random(void **state)
{
	(void)state;
	run("mls/passive-client-random.json", passive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_welcome),
		cmocka_unit_test(test_handling_commit),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
