/* RFC 9420 sections 5.3 and 5.3.1: the application is asked about every new
 * credential, and what it says holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/testlib/rules.h"
#include "wire/credential.h"

/* An Authentication Service that knows whom it does not like, and keeps what
 * it was asked last. */
struct service {
	const char *refused;
	size_t asked;
	uint16_t type;
	char name[64];
	char replaced[64];
	struct mls_authentication authentication;
};

static void note(char *name, const struct mls_credential *credential)
{
	struct span text = credential->identity;

	if (credential->type == WIRE_CREDENTIAL_X509 &&
	    !mls_certificate_next(&(struct span){ credential->certificates.p,
						  credential->certificates.n },
				  &text))
		text = SPAN_EMPTY;
	(void)snprintf(name, 64, "%.*s", (int)text.n, (const char *)text.p);
}

static enum err check(void *context, const struct mls_credential *credential,
		      const struct mls_credential *replaced)
{
	struct service *service = context;

	service->asked++;
	service->type = credential->type;
	assert_true(credential->signature_key.n > 0);
	note(service->name, credential);
	service->replaced[0] = '\0';
	if (replaced != NULL)
		note(service->replaced, replaced);
	return service->refused != NULL &&
		       strcmp(service->name, service->refused) == 0
		   ? ERR_PEER_DENIED
		   : ERR_OK;
}

static void service_init(struct service *service)
{
	*service = (struct service){ .authentication = { .check = check,
							 .context = service } };
}

/* From now on `service` judges for alice and bob. */
static void judge(struct rules *rules, struct service *service)
{
	service_init(service);
	mls_group_authenticate(ALICE->group, &service->authentication);
	mls_group_authenticate(BOB->group, &service->authentication);
}

static void asked(struct service *service, const char *name,
		  const char *replaced)
{
	assert_true(service->asked > 0);
	assert_string_equal(service->name, name);
	assert_string_equal(service->replaced, replaced);
	service->asked = 0;
}

static void test_add(void **state)
{
	struct mls_proposal add = { .kind = MLS_PROPOSE_ADD };
	struct buf message = BUF_INIT;
	struct service service;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	judge(rules, &service);
	member_key_package(DAVE);
	rules_accept_add(rules);
	asked(&service, "dave/1", "");
	service.refused = "dave/1";
	rules_refuse_lone_add(rules, ERR_PEER_DENIED, MLS_RULE_NONE);
	add.key_package = buf_span(&DAVE->key_package);
	assert_int_equal(
	    mls_group_propose(ALICE->group, &ALICE->me, &add, false, &message),
	    ERR_PEER_DENIED);
	buf_clear(&message);
	mls_group_authenticate(ALICE->group, NULL);
	mls_group_authenticate(BOB->group, NULL);
	rules_accept_add(rules);
	rules_end(rules);
}

static void renamed(struct wire_leaf_node *leaf)
{
	leaf->credential.identity = SPAN_LIT("carol/2");
}

static void test_update(void **state)
{
	static const struct wire_sender carol = { WIRE_SENDER_MEMBER, 2 };
	struct buf leaf = BUF_INIT, message = BUF_INIT;
	struct service service;
	struct cheat_item item;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	judge(rules, &service);
	cheat_update_leaf(CAROL, NULL, renamed, false, &leaf);
	item = cheat_update(buf_span(&leaf));
	cheat_propose(CAROL, CAROL->group, carol, 0, &item.proposal, &message,
		      NULL);
	service.refused = "carol/2";
	rules_refuse(BOB, buf_span(&message), ERR_PEER_DENIED, MLS_RULE_NONE);
	asked(&service, "carol/2", "carol/1");
	service.refused = NULL;
	rules_keep(BOB, buf_span(&message));
	/* The same credential and key are not new. */
	service.asked = 0;
	buf_reset(&leaf);
	cheat_update_leaf(CAROL, NULL, NULL, false, &leaf);
	item = cheat_update(buf_span(&leaf));
	cheat_propose(CAROL, CAROL->group, carol, 0, &item.proposal, &message,
		      NULL);
	rules_keep(BOB, buf_span(&message));
	assert_int_equal(service.asked, 0);
	buf_clear(&leaf);
	buf_clear(&message);
	rules_end(rules);
}

static void test_commit(void **state)
{
	struct service service;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	judge(rules, &service);
	struct cheat how = { .by = CAROL };
	rules_accept_commit(BOB, &how);
	assert_int_equal(service.asked, 0);
	how.leaf = renamed;
	rules_accept_commit(BOB, &how);
	asked(&service, "carol/2", "carol/1");
	service.refused = "carol/2";
	rules_refuse_commit(BOB, &how, ERR_PEER_DENIED, MLS_RULE_NONE);
	rules_end(rules);
}

/* A new key under an old name is a new credential, too. */
static void test_new_signature_key(void **state)
{
	static const struct wire_sender carol = { WIRE_SENDER_MEMBER, 2 };
	struct buf leaf = BUF_INIT, message = BUF_INIT;
	struct service service;
	struct cheat_item item;
	struct member again, old;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	judge(rules, &service);
	member_init(&again, rules_suite(), "carol/1");
	old = *CAROL;
	CAROL->me.signature_public = buf_span(&again.signature_public);
	cheat_update_leaf(CAROL, &again, NULL, false, &leaf);
	CAROL->me.signature_public = old.me.signature_public;
	item = cheat_update(buf_span(&leaf));
	cheat_propose(CAROL, CAROL->group, carol, 0, &item.proposal, &message,
		      NULL);
	service.refused = "carol/1";
	rules_refuse(BOB, buf_span(&message), ERR_PEER_DENIED, MLS_RULE_NONE);
	asked(&service, "carol/1", "carol/1");
	member_clear(&again);
	buf_clear(&leaf);
	buf_clear(&message);
	rules_end(rules);
}

/* A joiner asks about all members, and about external senders. */
static void test_join(void **state)
{
	static const struct cheat_info nothing;
	struct mls_group *group = NULL;
	struct mls_commit commit;
	struct buf info = BUF_INIT;
	struct service service;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	service_init(&service);
	DAVE->me.authentication = &service.authentication;
	struct cheat how = { .by = ALICE };
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_OK);
	assert_int_equal(service.asked, 4);
	service.refused = "bob/1";
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_PEER_DENIED);
	asked(&service, "bob/1", "");
	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &(struct mls_external){ 0 },
						 &group, &commit),
			 ERR_PEER_DENIED);
	assert_null(group);
	service.refused = NULL;
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &(struct mls_external){ 0 },
						 &group, &commit),
			 ERR_OK);
	mls_group_free(group);
	mls_commit_clear(&commit);
	buf_clear(&info);
	rules_end(rules);
}

static void dave_is_bob_2(struct member *m)
{
	if (strcmp(m->name, "dave/1") == 0)
		m->me.credential_identity = SPAN_LIT("bob/2");
}

/* An external joiner, and one that says to follow bob under another name: the
 * application knows whether he may. */
static void test_external_join(void **state)
{
	struct buf kem_output = BUF_INIT;
	struct cheat_item items[2];
	struct service service;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, dave_is_bob_2);
	struct cheat how = { .by = DAVE, .from = ALICE, .items = items };
	items[0] = cheat_external_init(ALICE, &kem_output, &how.init_secret);
	items[1] = cheat_remove(1);
	how.count = 2;
	/* with nobody to ask, it is the same credential or none */
	rules_refuse_commit(CAROL, &how, ERR_PEER_INVALID,
			    MLS_RULE_FORMER_CREDENTIAL);
	service_init(&service);
	mls_group_authenticate(CAROL->group, &service.authentication);
	rules_accept_commit(CAROL, &how);
	asked(&service, "bob/2", "bob/1");
	service.refused = "bob/2";
	rules_refuse_commit(CAROL, &how, ERR_PEER_DENIED, MLS_RULE_NONE);
	how.count = 1;
	rules_refuse_commit(CAROL, &how, ERR_PEER_DENIED, MLS_RULE_NONE);
	asked(&service, "bob/2", "");
	mls_group_authenticate(CAROL->group, NULL);
	buf_clear(&kem_output);
	rules_end(rules);
}

static void test_external_senders(void **state)
{
	static const struct cheat_info nothing;
	struct buf extensions = BUF_INIT;
	struct service service;
	struct cheat_item item;
	struct rules rules[1];
	(void)state;

	members_put_sender(&extensions, SPAN_LIT("a signature key"),
			   SPAN_LIT("service"));
	rules_init(rules, SPAN_EMPTY);
	judge(rules, &service);
	item = cheat_extensions(buf_span(&extensions));
	struct cheat how = { .by = CAROL, .items = &item, .count = 1 };
	rules_accept_commit(BOB, &how);
	asked(&service, "service", "");
	service.refused = "service";
	rules_refuse_commit(BOB, &how, ERR_PEER_DENIED, MLS_RULE_NONE);
	/* who joins such a group asks, too */
	DAVE->me.authentication = &service.authentication;
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_PEER_DENIED);
	service.refused = NULL;
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_OK);
	buf_clear(&extensions);
	rules_end(rules);
}

/* ---- x509 ---- */

static void accepts_x509(struct member *m)
{
	m->me.accepts_x509 = true;
}

/* A member with certificates among members without: the engine carries them,
 * the application reads them. */
static void test_x509(void **state)
{
	static const uint8_t chain[] = { 4, 'l', 'e', 'a', 'f',
					 4, 'r', 'o', 'o', 't' };
	struct service service;
	struct span add;
	struct mls_change change = { .adds = &add, .add_count = 1 };
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, accepts_x509);
	judge(rules, &service);
	DAVE->me.certificates = SPAN_ARRAY(chain);
	member_key_package(DAVE);
	rules_accept_add(rules);
	asked(&service, "leaf", "");
	assert_int_equal(service.type, WIRE_CREDENTIAL_X509);
	service.refused = "leaf";
	rules_refuse_add(rules, ERR_PEER_DENIED, MLS_RULE_NONE);
	service.refused = NULL;
	add = buf_span(&DAVE->key_package);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	member_join(DAVE, &commit);
	mls_commit_clear(&commit);
	members_talk(rules->all, 4);
	member_commit(DAVE, NULL, 0, NULL, 0, true, &commit);
	for (size_t i = 0; i < 3; i++)
		member_follow(&rules->all[i], buf_span(&commit.commit));
	members_talk(rules->all, 4);
	mls_commit_clear(&commit);
	for (size_t i = 0; i < 4; i++)
		member_clear(&rules->all[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_commit),
		cmocka_unit_test(test_new_signature_key),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_external_join),
		cmocka_unit_test(test_external_senders),
		cmocka_unit_test(test_x509),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
