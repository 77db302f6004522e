#include "tests/testlib/crowd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

const struct suite *crowd_suite(void)
{
	return suite_by_id(SUITE_X25519_AES128GCM_SHA256_ED25519);
}

void crowd_init(struct member *m, size_t count, const struct suite *suite)
{
	struct member *others[CROWD];
	struct mls_commit commit;
	char name[32];

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "user%zu/1", i);
		member_init(&m[i], suite, name);
		others[i] = &m[i];
	}
	member_create(&m[0], "group");
	member_commit(&m[0], others + 1, count - 1, NULL, 0, false, &commit);
	for (size_t i = 1; i < count; i++)
		member_join(&m[i], &commit);
	mls_commit_clear(&commit);
}

void crowd_clear(struct member *m, size_t count)
{
	for (size_t i = 0; i < count; i++)
		member_clear(&m[i]);
}

void crowd_follow(struct member *m, size_t count, size_t by,
		  struct mls_commit *commit)
{
	for (size_t i = 0; i < count; i++)
		if (i != by && m[i].group != NULL)
			member_follow(&m[i], buf_span(&commit->commit));
	mls_commit_clear(commit);
}

void crowd_state(const struct member *m, struct buf *state)
{
	buf_reset(state);
	assert_int_equal(mls_group_save(m->group, state), ERR_OK);
}

enum err crowd_process(struct member *m, struct span message,
		       struct mls_event *event)
{
	return mls_group_process(m->group, MEMBER_NOW, message, event);
}

void crowd_refuses(struct member *m, struct span message, enum err why)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct mls_event event;

	crowd_state(m, &before);
	assert_int_equal(crowd_process(m, message, &event), why);
	crowd_state(m, &after);
	assert_true(span_equal(buf_span(&before), buf_span(&after)));
	buf_clear(&before);
	buf_clear(&after);
}

void crowd_say(struct member *m, const char *text, struct buf *message)
{
	assert_int_equal(mls_group_protect(m->group, &m->me, SPAN_EMPTY,
					   span_str(text), message),
			 ERR_OK);
}

void crowd_hears(struct member *m, const struct buf *message, const char *text)
{
	struct mls_event event;

	assert_int_equal(crowd_process(m, buf_span(message), &event), ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_APPLICATION);
	assert_true(span_equal(buf_span(&event.data), span_str(text)));
	mls_event_clear(&event);
}

void crowd_join_external(struct member *m, size_t count, struct member *joiner,
			 struct span group_info, bool resync)
{
	struct mls_commit commit;
	struct mls_event event;

	assert_int_equal(
	    mls_group_join_external(&joiner->me, group_info,
				    &(struct mls_external){ .resync = resync },
				    &joiner->group, &commit),
	    ERR_OK);
	assert_true(mls_group_has_pending(joiner->group));
	for (size_t i = 0; i < count; i++) {
		if (&m[i] == joiner || m[i].group == NULL)
			continue;
		assert_int_equal(
		    crowd_process(&m[i], buf_span(&commit.commit), &event),
		    ERR_OK);
		assert_int_equal(event.kind, MLS_EVENT_COMMIT);
		assert_true(event.external_join);
		assert_int_equal(mls_group_merge(m[i].group), ERR_OK);
		mls_event_clear(&event);
	}
	member_reload(joiner);
	assert_int_equal(
	    crowd_process(joiner, buf_span(&commit.commit), &event), ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_OWN);
	mls_event_clear(&event);
	assert_int_equal(mls_group_merge(joiner->group), ERR_OK);
	mls_commit_clear(&commit);
}
