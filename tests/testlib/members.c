#include "members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "crypto/sign.h"
#include "wire/message.h"

static uint16_t suites[] = {
	1, 2, 3, 4, 5, 6, 7, 0xF7F1, 0xF7F2, 0xF7F3, 0xF7F4
};

void member_init(struct member *m, const struct suite *suite, const char *name)
{
	memset(m, 0, sizeof(*m));
	(void)snprintf(m->name, sizeof(m->name), "%s", name);
	assert_int_equal(sign_generate(suite, rng_system(),
				       &m->signature_private,
				       &m->signature_public),
			 ERR_OK);
	m->me = (struct mls_identity){
		.suite = suite,
		.rng = rng_system(),
		.now = MEMBER_NOW,
		.credential_identity = span_str(m->name),
		.signature_private = sec_span(&m->signature_private),
		.signature_public = buf_span(&m->signature_public),
		.cipher_suites = suites,
		.cipher_suite_count = sizeof(suites) / sizeof(*suites),
		.lifetime = 90 * 24 * 3600,
	};
}

void member_clear(struct member *m)
{
	mls_group_free(m->group);
	mls_key_package_secrets_clear(&m->secrets);
	sec_clear(&m->signature_private);
	buf_clear(&m->signature_public);
	buf_clear(&m->key_package);
}

void member_key_package(struct member *m)
{
	buf_reset(&m->key_package);
	assert_int_equal(
	    mls_key_package_create(&m->me, false, &m->secrets, &m->key_package),
	    ERR_OK);
}

void member_create(struct member *m, const char *group_id)
{
	assert_int_equal(
	    mls_group_create(&m->me, span_str(group_id), SPAN_EMPTY, &m->group),
	    ERR_OK);
}

void member_commit(struct member *m, struct member **added, size_t add_count,
		   const uint32_t *removed, size_t remove_count,
		   bool force_path, struct mls_commit *out)
{
	struct span packages[64];
	struct mls_change change = {
		.adds = packages,
		.add_count = add_count,
		.removes = removed,
		.remove_count = remove_count,
		.force_path = force_path,
		.commit_pending_proposals = true,
	};

	assert_true(add_count <= 64);
	for (size_t i = 0; i < add_count; i++) {
		member_key_package(added[i]);
		packages[i] = buf_span(&added[i]->key_package);
	}
	assert_int_equal(mls_group_commit(m->group, &m->me, &change, out),
			 ERR_OK);
	assert_int_equal(mls_group_merge(m->group), ERR_OK);
}

void member_join(struct member *m, const struct mls_commit *commit)
{
	assert_int_equal(mls_group_join(&m->me, buf_span(&commit->welcome),
					SPAN_EMPTY, buf_span(&m->key_package),
					&m->secrets, &m->group),
			 ERR_OK);
}

void member_follow(struct member *m, struct span commit)
{
	struct mls_event event;

	assert_int_equal(
	    mls_group_process(m->group, MEMBER_NOW, commit, &event), ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_COMMIT);
	assert_int_equal(mls_group_merge(m->group), ERR_OK);
	mls_event_clear(&event);
}

static void check_read(struct member *reader, struct span message,
		       const struct member *sender)
{
	struct mls_event event;

	assert_int_equal(
	    mls_group_process(reader->group, MEMBER_NOW, message, &event),
	    ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_APPLICATION);
	assert_int_equal(event.sender, mls_group_own_leaf(sender->group));
	assert_true(span_equal(buf_span(&event.data), span_str(sender->name)));
	assert_true(
	    span_equal(buf_span(&event.authenticated_data), SPAN_LIT("seen")));
	mls_event_clear(&event);
}

void members_talk(struct member *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct buf message = BUF_INIT;

		assert_true(
		    span_equal(mls_group_epoch_authenticator(all[0].group),
			       mls_group_epoch_authenticator(all[i].group)));
		assert_int_equal(mls_group_protect(
				     all[i].group, &all[i].me, SPAN_LIT("seen"),
				     span_str(all[i].name), &message),
				 ERR_OK);
		for (size_t j = 0; j < count; j++)
			if (j != i)
				check_read(&all[j], buf_span(&message),
					   &all[i]);
		buf_clear(&message);
	}
}

void member_reload(struct member *m)
{
	struct buf state = BUF_INIT, again = BUF_INIT;

	assert_int_equal(mls_group_save(m->group, &state), ERR_OK);
	mls_group_free(m->group);
	m->group = NULL;
	assert_int_equal(mls_group_load(buf_span(&state), &m->group), ERR_OK);
	assert_int_equal(mls_group_save(m->group, &again), ERR_OK);
	assert_true(span_equal(buf_span(&state), buf_span(&again)));
	buf_clear(&state);
	buf_clear(&again);
}

void members_put_sender(struct buf *extensions, struct span signature_key,
			struct span identity)
{
	struct wire_external_sender sender = {
		.signature_key = signature_key,
		.credential = { .type = WIRE_CREDENTIAL_BASIC,
				.identity = identity },
	};
	struct buf data = BUF_INIT;
	size_t vec = buf_open_vec(&data);

	wire_external_sender_put(&data, &sender);
	buf_close_vec(&data, vec);
	wire_extension_put(extensions, WIRE_EXTENSION_EXTERNAL_SENDERS,
			   buf_span(&data));
	buf_clear(&data);
}
